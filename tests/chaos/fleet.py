"""The fleet: agents of both kinds over one Redis, their models, an MCP server and a collector, all on loopback.

Between any two of them lies a road that can be made bad. Clients speak to the agents directly.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from chaos.agents import Agent, Kind
from chaos.programs import Program, Redis
from chaos.proxy import Road, Roads, Target
from peers import peer_program

REPOSITORY = Path(__file__).resolve().parents[2]
BENCH = REPOSITORY / "build" / "release" / "bench"
MCP_MAKE = "mcp-1"

LARGE = (
    Kind("keeper", "keeper", store="sqlite"),
    Kind("worker", "worker", uses_tools=True),
    Kind("narrow", "narrow", files=96, echoes=False),
    Kind("scribe", "scribe", native=False, below=("worker",)),
    Kind("desk", "desk", native=False, below=("worker",), uses_tools=True),
    Kind("lead", "lead", below=("scribe", "keeper"), uses_tools=True),
    Kind("lead-two", "lead", below=("scribe", "keeper"), uses_tools=True),
)
SMALL = (
    Kind("keeper", "keeper", store="sqlite"),
    Kind("narrow", "narrow", files=96, echoes=False),
    Kind("desk", "desk", native=False, below=("keeper",), uses_tools=True),
    Kind("lead", "lead", below=("desk",), uses_tools=True),
)


def own_environment() -> dict[str, str]:
    path = os.pathsep.join(map(str, (REPOSITORY / "tests", REPOSITORY / "tests" / "py")))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


class Fleet:
    def __init__(
        self, kinds: tuple[Kind, ...], host: Path, folder: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.roads = Roads()
        self.agents: dict[str, Agent] = {}
        self.others: dict[str, Program] = {}
        self.missing: list[str] = []
        self._road: dict[str, Road] = {}
        self._folder = folder
        self._host = host
        self.kinds = kinds
        self._more = dict(settings or {})

    def start(self) -> None:
        redis = Redis(self._folder)
        self._add(redis, lambda: redis.socket)
        model = [sys.executable, "-m", "chaos.echo_model"]
        self._add(Program("model", model, own_environment(), self._folder))
        self._add_if_built("plain-model", [BENCH / "pais-fake-model"])
        self._add_if_built("collector", [BENCH / "pais-otlp-sink"])
        tools = REPOSITORY / "tests" / "py" / "mcp_servers" / "tools_server.py"
        self._add_if_built("tools", [peer_program(MCP_MAKE, "python"), tools])
        for kind in self.kinds:
            agent = Agent(kind, self._host, self._settings(kind), self._folder)
            self.agents[kind.name] = agent
            self._road[kind.name] = self.roads.open(kind.name, partial(getattr, agent, "port"))
        with ThreadPoolExecutor() as pool:
            list(pool.map(Agent.start, self.agents.values()))

    def _add(self, program: Program, target: Target | None = None) -> None:
        self.others[program.name] = program
        program.start()
        self._road[program.name] = self.roads.open(program.name, target or (lambda: program.port))

    def _add_if_built(self, name: str, command: list[str | Path]) -> None:
        if Path(command[0]).exists():
            self._add(Program(name, command, {"PATH": os.environ["PATH"]}, self._folder))
        else:
            self.missing.append(name)

    def _settings(self, kind: Kind) -> Mapping[str, str]:
        model = "model" if kind.echoes or "plain-model" in self.missing else "plain-model"
        settings = {"MODEL_API_URL": self._road[model].url, "MODEL_NAME": "echo"}
        if kind.store == "sqlite":
            settings["MEMORY_PATH"] = str(self._folder / f"{kind.name}.db")
        elif kind.store == "redis":
            settings |= {"MEMORY_TYPE": "redis", "MEMORY_REDIS_URL": f"redis://127.0.0.1:{self._road['redis'].port}"}
        if "collector" in self._road:
            settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = self._road["collector"].url
        if kind.uses_tools and "tools" in self._road:
            settings |= {"MCP_SERVERS": "tools", "MCP_SERVER_tools_URL": self._road["tools"].url}
        if kind.below:
            settings["AGENT_SUB_AGENTS"] = ",".join(f"{name}:{self._road[name].url}" for name in kind.below)
        return settings | self._more

    def echoes(self, agent: Agent) -> bool:
        return agent.kind.echoes or "plain-model" in self.missing

    def program(self, name: str) -> Program:
        return self.agents.get(name) or self.others[name]

    def road(self, name: str) -> Road:
        return self._road[name]

    def chain(self, name: str, depth: int) -> Iterator[Agent]:
        """The agents that a request of `name` may reach, so many delegations deep."""
        agent = self.agents[name]
        yield agent
        for below in agent.kind.below if depth else ():
            yield from self.chain(below, depth - 1)

    def stop(self) -> dict[str, int]:
        """The exit code of each agent that has begun."""
        begun = {name: agent for name, agent in self.agents.items() if agent.has_begun}
        with ThreadPoolExecutor() as pool:
            codes = dict(zip(begun, pool.map(Agent.end, begun.values()), strict=True))
        for other in self.others.values():
            other.end()
        self.roads.close()
        return codes
