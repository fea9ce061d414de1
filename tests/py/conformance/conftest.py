from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest

from chat_peer import Peer
from conformance.agent import Agent, new_session
from conformance.differences import skip_listed
from conformance.producers import PRODUCERS, Producer, RunningAgent
from fake_model import FakeModel

Agents = Callable[..., Agent]
Connect = Callable[..., openai.OpenAI]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip_listed(items)


@dataclass
class Serving:
    running: RunningAgent
    model: FakeModel


class Fleet:
    """The agents that tests share: one for each set of settings, each with a model of its own."""

    def __init__(self, producer: Producer, folders: pytest.TempPathFactory) -> None:
        self._producer = producer
        self._folders = folders
        self._serving: dict[frozenset[tuple[str, str]], Serving] = {}

    def shared(self, settings: Mapping[str, str]) -> Serving:
        key = frozenset(settings.items())
        if key not in self._serving:
            self._serving[key] = self.start(settings, self._folders.mktemp("agent"))
        return self._serving[key]

    def start(self, settings: Mapping[str, str], folder: Path) -> Serving:
        model = FakeModel()
        standard = {"AGENT_NAME": "calc", "MODEL_API_URL": model.url, "MODEL_NAME": "fake-1"}
        return Serving(self._producer.start({**standard, **settings}, folder), model)

    def stop(self) -> None:
        for serving in self._serving.values():
            serving.model.forget()
            serving.running.ask_to_end()
        for serving in self._serving.values():
            retire(serving)


def retire(serving: Serving) -> None:
    serving.model.forget()
    code = serving.running.stop()
    serving.model.stop()
    assert code == 0, f"the agent ended with {code}. It said:\n" + "\n".join(serving.running.output)


@pytest.fixture(scope="session", params=list(PRODUCERS))
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    fleet = Fleet(PRODUCERS[request.param], tmp_path_factory)
    yield fleet
    fleet.stop()


@pytest.fixture
def agents(fleet: Fleet) -> Iterator[Agents]:
    """`agents(PAIS_ERRORS="text")`: an agent with these settings, shared with other tests, so not to be stopped.

    When the test ends, each model must have been asked for all that it was told to answer, and for nothing else.
    """
    used: list[Agent] = []

    def take(**settings: str) -> Agent:
        serving = fleet.shared(settings)
        used.append(Agent(serving.running, serving.model))
        return used[-1]

    yield take

    for agent in used:
        agent.hang_up()
        surprises, unused = [asked.body for asked in agent.model.surprises], agent.model.unused
        agent.model.forget()
        assert not surprises, f"the model was asked for more than the test had told it: {surprises}"
        assert not unused, f"the model was not asked for {unused} of its answers"


@pytest.fixture
def agent(agents: Agents) -> Agent:
    """The agent under test, with nothing set."""
    return agents()


@pytest.fixture
def model(agent: Agent) -> FakeModel:
    """The model that `agent` asks."""
    return agent.model


@pytest.fixture
def start_agent(fleet: Fleet, tmp_path: Path) -> Iterator[Agents]:
    """An agent that the test has for itself, and may end."""
    started: list[tuple[Serving, Agent]] = []

    def start(**settings: str) -> Agent:
        serving = fleet.start(settings, tmp_path)
        started.append((serving, Agent(serving.running, serving.model)))
        return started[-1][1]

    yield start

    for serving, agent in started:
        agent.hang_up()
        retire(serving)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """The public client: `connect(agent)`. It does not retry, unless told to."""
    with ExitStack() as clients:

        def client(agent: Agent, **options: Any) -> openai.OpenAI:
            standard = {"base_url": agent.url + "/v1", "api_key": "any", "max_retries": 0, "timeout": 30.0}
            return clients.enter_context(openai.OpenAI(**{**standard, **options}))

        yield client


@pytest.fixture
def client(agent: Agent, connect: Connect) -> openai.OpenAI:
    return connect(agent)


@pytest.fixture
def session() -> str:
    """A conversation that nobody has had."""
    return new_session()


@pytest.fixture(scope="session")
def standing_peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.stop()


@pytest.fixture
def peer(standing_peer: Peer) -> Peer:
    """Another agent, on its best behaviour."""
    standing_peer.behave()
    return standing_peer
