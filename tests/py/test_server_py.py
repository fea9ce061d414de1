"""`pais run server.py`: a pydantic-ai agent behind the same host."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 60.0
CALC = """
from pydantic_ai import Agent

agent = Agent("test", name="calc")

@agent.tool_plain
def add(a: int, b: int) -> int:
    return a + b
"""


def pais(*words: str) -> list[str]:
    return [str(Path(sysconfig.get_path("scripts")) / "pais"), *words]


class Served:
    """A file that is served, until the test ends."""

    def __init__(self, folder: Path, target: str) -> None:
        self.process = subprocess.Popen(
            pais("run", target, "--port", "0"),
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PAIS_DRAIN_DELAY_SECONDS": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said: list[str] = []
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("Listening on "):
                self.url = line.split()[-1]
                return
        raise AssertionError("it did not come to listen:\n" + "".join(self.said))

    def ask(self, **body: Any) -> tuple[int, str]:
        body.setdefault("messages", [{"role": "user", "content": "1+2?"}])
        return self._open(urllib.request.Request(self.url + "/v1/chat/completions", json.dumps(body).encode()))

    def get(self, path: str) -> Any:
        return json.loads(self._open(urllib.request.Request(self.url + path))[1])

    def _open(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as failure:
            with failure:
                return failure.code, failure.read().decode()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.said.append(self.process.communicate(timeout=PATIENCE)[0])
        return self.process.returncode


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serves the text of a `server.py`; at the end it must stop politely."""
    running: list[Served] = []

    def start(text: str, target: str = "server.py") -> Served:
        (tmp_path / "server.py").write_text(text)
        running.append(Served(tmp_path, target))
        return running[-1]

    yield start

    for served in running:
        assert served.stop() == 0, "".join(served.said)


def content_of(answer: str) -> str:
    content: str = json.loads(answer)["choices"][0]["message"]["content"]
    return content


def deltas_of(stream: str) -> list[str]:
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line]
    assert lines[-1] == "[DONE]"
    choices = [json.loads(line)["choices"][0]["delta"] for line in lines[:-1]]
    return [delta["content"] for delta in choices if delta.get("content")]


def test_an_agent_of_a_file_is_served_unchanged(serve: Serve) -> None:
    served = serve(CALC)

    status, answer = served.ask()

    assert status == 200
    assert content_of(answer) == '{"add":0}'
    assert json.loads(answer)["usage"]["total_tokens"] > 0
    assert served.get("/ready")["status"] == "ready"


def test_its_tools_show_in_the_stream_and_its_text_comes_in_pieces(serve: Serve) -> None:
    served = serve(CALC)

    _, stream = served.ask(stream=True)

    progress, *pieces = deltas_of(stream)
    assert progress == '{"type": "progress", "step": 1, "max_steps": 5, "action": "tool_call", "target": "add"}'
    assert len(pieces) > 1
    assert "".join(pieces) == '{"add":0}'


def test_a_turn_is_remembered_with_its_tool_calls(serve: Serve) -> None:
    served = serve(CALC)

    served.ask(session_id="s1")

    events = served.get("/memory/events?session_id=s1")["events"]
    assert [event["event_type"] for event in events] == ["user_message", "tool_call", "tool_result", "agent_response"]
    assert events[2]["content"] == {"tool": "add", "result": 0}


def test_the_next_turn_knows_what_was_said(serve: Serve) -> None:
    served = serve("""
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel

def count_prompts(messages, info):
    prompts = [part.content for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
    return ModelResponse(parts=[TextPart(" then ".join(prompts))])

agent = Agent(FunctionModel(count_prompts))
""")

    served.ask(session_id="s1", messages=[{"role": "user", "content": "one"}])
    _, answer = served.ask(session_id="s1", messages=[{"role": "user", "content": "two"}])

    assert content_of(answer) == "one then two"


def test_a_structured_output_is_answered_as_json(serve: Serve) -> None:
    served = serve("""
from pydantic import BaseModel
from pydantic_ai import Agent

class City(BaseModel):
    name: str
    people: int

agent = Agent("test", output_type=City)
""")

    _, answer = served.ask()

    assert json.loads(content_of(answer)) == {"name": "a", "people": 0}


def test_a_tool_that_raises_fails_the_turn_without_its_text(serve: Serve) -> None:
    served = serve("""
from pydantic_ai import Agent

agent = Agent("test")

@agent.tool_plain
def look() -> str:
    raise KeyError("s3cret-of-the-house")
""")

    status, answer = served.ask()

    assert status == 500
    assert json.loads(answer)["error"]["code"] == "tool_failed"
    assert "s3cret" not in answer


def test_the_attribute_may_be_named(serve: Serve) -> None:
    served = serve(
        'from pydantic_ai import Agent\na = Agent("test", name="first")\nb = Agent("test", name="second")\n',
        "server.py:b",
    )

    _, answer = served.ask(model="x")

    assert json.loads(answer)["model"] == "x"


def test_of_several_agents_the_log_tells_which_is_served(serve: Serve) -> None:
    served = serve('from pydantic_ai import Agent\nzoo = Agent("test")\nbar = Agent("test")\n')

    served.ask()

    assert any("bar is served, not zoo" in line for line in served.said)


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("", "absent.py", "Error: File 'absent.py' not found"),
        ("x = 1\n", "server.py", "Error: No pydantic_ai.Agent found in server.py"),
        ("x = 1\n", "server.py:agent", "Error: 'agent' not found in server.py"),
        ("agent = 1\n", "server.py:agent", "Error: 'agent' in server.py is no pydantic_ai.Agent"),
        ("def broken(:\n", "server.py", "SyntaxError"),
    ],
)
def test_a_file_that_cannot_be_served_is_told_why(tmp_path: Path, text: str, target: str, reason: str) -> None:
    (tmp_path / "server.py").write_text(text)

    outcome = subprocess.run(
        pais("run", target), cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert outcome.returncode == 1
    assert reason in outcome.stderr


def test_importing_the_command_does_not_import_pydantic_ai() -> None:
    code = "import sys, pais.cli; sys.exit('pydantic_ai' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE).returncode == 0
