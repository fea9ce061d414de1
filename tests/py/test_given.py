"""What a server in a file was given, where `pais run` serves the file: its settings and its memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_ai import Agent

from pais._core import Host
from pais.given import host_of
from pais.runs import Served as Serves
from served import Served

Serve = Callable[..., Served]

SHOP = """
import sys
from pydantic_ai import Agent, RunContext
from pais.memory import LocalMemory
from pais.server import AgentServer, create_agent_server
from pais.serverutils import AgentDeps, AgentServerSettings
sys.path.append(TESTS)
from own_memory import OwnMemory

agents = [Agent("test", deps_type=AgentDeps)]

@agents[0].tool
async def look(context: RunContext[AgentDeps]) -> str:
    return f"knows {len(await memory.get_session_events(context.deps.session_id))}"

settings = AgentServerSettings(agent_name="shop", agent_port=1, agentic_loop_max_steps=9)
""".replace("TESTS", repr(str(Path(__file__).parent)))
SERVER = "memory = LocalMemory()\nserver = AgentServer(agents[0], settings, memory)\n"
APP = "memory = OwnMemory()\napp = AgentServer(agents[0], settings, memory).app\n"
FACTORY = "memory = LocalMemory()\ndef get_app():\n    return AgentServer(agents[0], settings, memory).app\n"


@pytest.mark.parametrize("made", [SERVER, APP, FACTORY], ids=["server", "app", "factory"])
def test_what_a_server_was_given_is_taken(serve: Serve, made: str) -> None:
    served = serve(SHOP + made, AGENT_NAME="environment")

    assert served.get("/health").json["name"] == "shop"
    assert '"knows 1"' in served.chat("?").text, "the host keeps the conversation in that memory"
    assert "max_steps=9" in served.output


def test_what_a_made_server_keeps_is_what_its_settings_say(serve: Serve) -> None:
    served = serve(
        SHOP + "small = settings.model_copy(update={'memory_max_sessions': 1})\n"
        "memory = LocalMemory()\nserver = create_agent_server(small, sub_agents=[], custom_agent=agents[0])\n",
        AGENT_SUB_AGENTS="other:http://127.0.0.1:9",
    )

    served.chat("?", session_id="a")
    answer = served.chat("?", session_id="b")

    assert served.get("/memory/sessions").json["sessions"] == ["b"]
    assert "delegate_to_other" not in answer.text


def test_an_option_is_stronger_than_what_the_file_says(serve: Serve) -> None:
    served = serve(SHOP + SERVER, "--name", "option")

    assert served.get("/health").json["name"] == "option"


def test_a_server_that_was_given_nothing_else_has_the_host_that_is_there(serve: Serve) -> None:
    served = serve(
        SHOP.replace('agent_name="shop", agent_port=1, agentic_loop_max_steps=9', "") + "memory = LocalMemory()\n"
        "server = create_agent_server(custom_agent=agents[0])\n",
        AGENT_NAME="environment",
    )

    assert served.get("/health").json["name"] == "environment"
    assert served.output.count("AgentServer starting") == 1


def test_a_port_that_cannot_be_taken_any_more_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    host = Host({"AGENT_NAME": "a", "AGENT_PORT": "0", "PAIS_DRAIN_DELAY_SECONDS": "0"})
    host.start()
    asks_for_another = Serves(Agent("test"), given=lambda: {"AGENT_PORT": "1"})

    assert host_of(asks_for_another, host, {}) == (host, None)

    host.drain()
    assert "WARNING - the file asks for port 1, but " in capfd.readouterr().out
