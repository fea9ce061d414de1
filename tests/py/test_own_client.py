"""What the host's model client has no words for is asked by pydantic-ai's own, at the same server."""

from __future__ import annotations

from pathlib import Path

import pytest

from fake_model import says
from served import Served

PARTICULAR = """
from pydantic_ai import Agent

agent = Agent(model_settings={"parallel_tool_calls": False, "temperature": 0.9, "logit_bias": {"1": 2}})
"""


@pytest.mark.parametrize("stream", [False, True])
def test_a_setting_it_does_not_carry_reaches_the_model(tmp_path: Path, stream: bool) -> None:
    (tmp_path / "server.py").write_text(PARTICULAR)
    served = Served("server.py", tmp_path, {"MODEL_API_URL": "{model}", "MODEL_NAME": "fake-1", "AGENT_NAME": "a"})
    served.model.will(says("yes"))

    answer = served.ask("hi", stream=stream, temperature=0.25).answer()

    asked = served.model.last.body
    served.stop()
    assert answer.status == 200
    assert b"yes" in answer.body
    assert asked["logit_bias"] == {"1": 2}
    assert asked["temperature"] == 0.25, "what the client asks for goes first"
    assert "pydantic-ai's own client asks the model" in served.output


def test_a_script_answers_whatever_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(PARTICULAR)
    served = Served("server.py", tmp_path, {"DEBUG_MOCK_RESPONSES": "hello", "AGENT_NAME": "a"})

    answer = served.chat("hi")

    served.stop()
    assert answer.text == "hello"
    assert "own client" not in served.output
