"""`pais run server.py`: a pydantic-ai agent behind the same host."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from running_file import pais
from served import Served

PATIENCE = 60.0
CALC = """
from pydantic_ai import Agent

agent = Agent("test", name="calc")

@agent.tool_plain
def add(a: int, b: int) -> int:
    return a + b
"""

Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serves the text of a `server.py`; at the end it must stop politely."""
    running: list[Served] = []

    def start(text: str, target: str = "server.py") -> Served:
        (tmp_path / "server.py").write_text(text)
        running.append(Served(target, tmp_path))
        return running[-1]

    yield start

    for served in running:
        served.stop()


def test_an_agent_of_a_file_is_served_unchanged(serve: Serve) -> None:
    served = serve(CALC)

    answer = served.chat("1+2?")

    assert answer.text == '{"add":0}'
    assert answer.json["usage"]["total_tokens"] > 0
    assert served.get("/ready").json["status"] == "ready"


def test_its_tools_show_in_the_stream_and_its_text_comes_in_pieces(serve: Serve) -> None:
    served = serve(CALC)

    progress, *pieces = served.stream("1+2?").contents

    assert progress == '{"type": "progress", "step": 1, "max_steps": 5, "action": "tool_call", "target": "add"}'
    assert len(pieces) > 1
    assert "".join(pieces) == '{"add":0}'


def test_a_turn_is_remembered_with_its_tool_calls(serve: Serve) -> None:
    served = serve(CALC)

    served.chat("1+2?", session_id="s1")

    events = served.events("s1")
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

    served.chat("one", session_id="s1")

    assert served.chat("two", session_id="s1").text == "one then two"


def test_a_structured_output_is_answered_as_json(serve: Serve) -> None:
    served = serve("""
from pydantic import BaseModel
from pydantic_ai import Agent

class City(BaseModel):
    name: str
    people: int

agent = Agent("test", output_type=City)
""")

    assert json.loads(served.chat("Where?").text) == {"name": "a", "people": 0}


def test_a_tool_that_raises_fails_the_turn_without_its_text(serve: Serve) -> None:
    served = serve("""
from pydantic_ai import Agent

agent = Agent("test")

@agent.tool_plain
def look() -> str:
    raise KeyError("s3cret-of-the-house")
""")

    answer = served.chat("Look")

    assert answer.refusal == (500, "tool_failed")
    assert b"s3cret" not in answer.body


def test_the_attribute_may_be_named(serve: Serve) -> None:
    served = serve(
        'from pydantic_ai import Agent\na = Agent("test", name="first")\nb = Agent("test", name="second")\n',
        "server.py:b",
    )

    assert served.chat("Hello", model="x").json["model"] == "x"


def test_of_several_agents_the_log_tells_which_is_served(serve: Serve) -> None:
    served = serve('from pydantic_ai import Agent\nzoo = Agent("test")\nbar = Agent("test")\n')

    assert "bar is served, not zoo" in served.output


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("", "absent.py", "Error: File 'absent.py' not found"),
        ("x = 1\n", "server.py", "Error: No pydantic_ai.Agent found in server.py"),
        ("x = 1\n", "server.py:agent", "Error: 'agent' not found in server.py"),
        ("agent = 1\n", "server.py:agent", "Error: 'agent' in server.py is no pydantic_ai.Agent"),
        ("def broken(:\n", "server.py", "SyntaxError"),
        ("import sys\nsys.exit(0)\n", "server.py", "SystemExit: 0"),
        ("async def make(): ...\n", "server.py:make", "Error: 'make' in server.py is an async function"),
        ("async def get_agent(): ...\n", "server.py", "Error: 'get_agent' in server.py is an async function"),
    ],
)
def test_a_file_that_cannot_be_served_is_told_why(tmp_path: Path, text: str, target: str, reason: str) -> None:
    (tmp_path / "server.py").write_text(text)

    outcome = subprocess.run(
        pais("run", target, "--port", "0"), cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert outcome.returncode == 1
    assert reason in outcome.stderr
    assert "RuntimeWarning" not in outcome.stderr
    assert all(own not in outcome.stderr for own in ("importlib", "exec_module")), "frames that are not the user's"


def test_importing_the_command_does_not_import_pydantic_ai() -> None:
    code = "import sys, pais.cli; sys.exit('pydantic_ai' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE).returncode == 0


SERVER = """
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from pais.server import create_agent_server
from pais.serverutils import AgentServerSettings

settings = AgentServerSettings(agent_name="made")
made = Agent(TestModel(custom_output_text="from a server"))
"""


@pytest.mark.parametrize(
    ("rest", "target"),
    [
        ("def agent_of_mine():\n    return made\n", "server.py:agent_of_mine"),
        ("server = create_agent_server(settings, custom_agent=made)\ndel made\n", "server.py:server"),
        ("app = create_agent_server(settings, custom_agent=made).app\ndel made\n", "server.py"),
        (
            "agents = [made]\ndel made\n"
            "def get_app():\n    return create_agent_server(settings, custom_agent=agents[0]).app\n",
            "server.py",
        ),
        ("", "server:made"),
    ],
)
def test_an_agent_may_be_wrapped_in_what_serves_or_makes_it(serve: Serve, rest: str, target: str) -> None:
    served = serve(SERVER + rest, target)

    assert served.chat("?").text == "from a server"


GIVEN = """
from pydantic_ai import Agent
from pais.memory import LocalMemory
from pais.server import AgentServer
from pais.serverutils import AgentDeps, AgentServerSettings, RemoteAgent
from pydantic_ai import RunContext

agent = Agent("test", deps_type=AgentDeps)

@agent.tool
async def remember(context: RunContext[AgentDeps]) -> str:
    return f"knows {len(await context.deps.memory.get_session_events(context.deps.session_id))}"

settings = AgentServerSettings(agent_name="shop", agentic_loop_max_steps=9)
server = AgentServer(agent, settings, LocalMemory(), sub_agents={"w": RemoteAgent("w", "http://127.0.0.1:1")})
"""


def test_a_server_beside_the_agent_is_named_when_it_adds_something(serve: Serve) -> None:
    served = serve(GIVEN)

    assert "agent is served, without what server adds to an agent" in served.output
    assert "delegate_to_w" not in served.chat("?").text


def test_an_app_beside_the_agent_that_adds_nothing_is_not_worth_a_word(serve: Serve) -> None:
    served = serve("import pais\n" + CALC + "\napp = pais.serve(agent)\n")

    assert "without what" not in served.output
