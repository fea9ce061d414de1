from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from conformance.producers import PRODUCERS, RunningAgent
from fake_model import FakeModel
from security.world import Mcp, Worker, World
from until import eventually

StartWorld = Callable[..., World]


@pytest.fixture(scope="module")
def start_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartWorld]:
    """Starts a host whose tools are known; what is still running when the module ends must end politely."""
    with ExitStack() as exits:

        def start(kind: str = "native", **settings: str) -> World:
            model, mcp, worker = FakeModel(), Mcp(), Worker()
            for each in (model, mcp, worker):
                exits.callback(each.stop)
            given = {
                "AGENT_NAME": "vault",
                "MODEL_API_URL": model.url,
                "MODEL_NAME": "fake-1",
                "PAIS_MODEL_RETRIES": "0",
                "MCP_SERVERS": "tools",
                "MCP_SERVER_tools_URL": mcp.url,
                "AGENT_SUB_AGENTS": f"worker:{worker.url}",
                **settings,
            }
            folder = tmp_path_factory.mktemp("vault")
            running = PRODUCERS[kind].start(given, folder)
            exits.callback(end, running)
            eventually(lambda: any("MCP server tools is ready" in line for line in running.output), "tools are known")
            return World(running, model, mcp, worker)

        yield start


def end(running: RunningAgent) -> None:
    code = running.stop()
    assert code == 0, f"the host ended with {code}. It said:\n" + "\n".join(running.output)


@pytest.fixture(scope="module")
def shared_world(start_world: StartWorld) -> World:
    """A host with nothing else set."""
    return start_world()


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    shared_world.forget()
    yield shared_world
    shared_world.forget()
