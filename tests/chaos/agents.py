"""An agent of the fleet: what it is, how it is started, how it says that it is well."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.programs import PATIENCE, Program

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Every wait in the fleet ends long before a client's deadline, and nothing is forgotten.
LIMITS = {
    "PAIS_MODEL_TIMEOUT_SECONDS": "4",
    "PAIS_MODEL_CONNECT_TIMEOUT_SECONDS": "2",
    "PAIS_MODEL_RETRIES": "1",
    "PAIS_RUN_TIMEOUT_SECONDS": "15",
    "PAIS_TOOL_TIMEOUT_SECONDS": "4",
    "PAIS_DELEGATION_TIMEOUT_SECONDS": "8",
    "PAIS_MCP_REFRESH_SECONDS": "5",
    "PAIS_DELEGATION_REFRESH_SECONDS": "5",
    "PAIS_HEADER_TIMEOUT_SECONDS": "3",
    "PAIS_BODY_TIMEOUT_SECONDS": "4",
    "PAIS_IDLE_TIMEOUT_SECONDS": "10",
    "PAIS_WRITE_TIMEOUT_SECONDS": "4",
    "MEMORY_MAX_SESSIONS": "100000",
    "MEMORY_MAX_SESSION_EVENTS": "100000",
    "OTEL_BSP_SCHEDULE_DELAY": "500",
    "OTEL_BSP_MAX_QUEUE_SIZE": "20000",
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
    "PAIS_OTEL_CONTENT": "false",
    "PAIS_MODEL_IDLE_TIMEOUT_SECONDS": "3",
    "AGENT_ACCESS_LOG": "false",
}
# A file that may grow no more is an error to the agent, as a full disk is, and not the end of it.
NATIVE = 'trap "" XFSZ; ulimit -n {files}; exec "$0" --port 0'


@dataclass(frozen=True)
class Kind:
    """One of the fleet. Hosts of the same `agent` serve the same sessions."""

    name: str
    agent: str
    native: bool = True
    store: str = "redis"
    below: tuple[str, ...] = ()
    uses_tools: bool = False
    files: int = 20000  # descriptors it may have
    echoes: bool = True  # its model does


class Agent(Program):
    def __init__(self, kind: Kind, host: Path, settings: Mapping[str, str], folder: Path) -> None:
        self.kind = kind
        self.telemetry = folder / f"{kind.name}.telemetry.jsonl"
        self.away: list[tuple[float, float]] = []  # when it was ended or paused, on purpose
        self.ends: list[float] = []  # of its lives, however they came
        self._away_since: float | None = None
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "AGENT_NAME": kind.agent,
            "PAIS_TELEMETRY_FILE": str(self.telemetry),
            **LIMITS,
            **settings,
        }
        server = Path(__file__).with_name("server.py")
        command: list[str | Path] = (
            ["sh", "-c", NATIVE.format(files=kind.files), host]
            if kind.native
            else [Path(sys.executable).with_name("pais"), "run", server, "--port", "0"]
        )
        super().__init__(kind.name, command, environment, folder)

    def start(self) -> None:
        super().start()
        self._is_back()

    def kill(self) -> None:
        self._goes_away()
        super().kill()
        self.ends.append(time.monotonic())

    def end(self) -> int:
        self._goes_away()
        code = super().end()
        self.ends.append(time.monotonic())
        return code

    def pause(self) -> None:
        self._goes_away()
        super().pause()

    def resume(self) -> None:
        super().resume()
        self._is_back()

    def was_away(self, since: float, until: float) -> bool:
        now = [] if self._away_since is None else [(self._away_since, float("inf"))]
        return any(begin <= until and end >= since for begin, end in [*self.away, *now])

    def was_killed(self, since: float, until: float) -> bool:
        return any(since <= death <= until for death in self.deaths)

    def has_ended(self, since: float, until: float) -> bool:
        return any(since <= end <= until for end in self.ends)

    def _goes_away(self) -> None:
        self._away_since = time.monotonic()

    def _is_back(self) -> None:
        if self._away_since is not None:
            self.away.append((self._away_since, time.monotonic()))
        self._away_since = None

    def await_start(self) -> None:
        super().await_start()
        deadline = time.monotonic() + PATIENCE
        while self.ailments() == ["starting"]:
            assert time.monotonic() < deadline, f"{self.name} did not become ready"
            assert not self.is_dead(), f"{self.name} ended. It said:\n" + "\n".join(self.output)
            time.sleep(0.05)

    def ailments(self) -> list[str]:
        """What `/ready` says is not as it should be."""
        try:
            return [str(each) for each in self.get("/ready").get("degraded", [])]
        except urllib.error.HTTPError as refused:
            with refused:
                return [str(json.loads(refused.read()).get("reason", refused.code))]
        except OSError as gone:
            return [str(gone)]

    def answers(self) -> bool:
        """A question of our own."""
        body = {"messages": [{"role": "user", "content": "Are you there?"}]}
        request = urllib.request.Request(f"{self.url}/v1/chat/completions", json.dumps(body).encode())
        try:
            with OPENER.open(request, timeout=20):
                return True
        except urllib.error.HTTPError as refused:
            refused.close()
            return False
        except OSError:
            return False

    def get(self, path: str) -> Any:
        with OPENER.open(f"{self.url}{path}", timeout=20) as answer:
            return json.loads(answer.read())

    def stored(self, session: str) -> list[dict[str, Any]]:
        try:
            with OPENER.open(f"{self.url}/memory/sessions/{session}", timeout=20) as answer:
                return [json.loads(line) for line in answer.read().splitlines()]
        except urllib.error.HTTPError as refused:
            with refused:
                if refused.code != 404:
                    raise
                return []

    def read_patiently(self, session: str) -> list[dict[str, Any]]:
        """Its store may be missed for a moment, on a machine that is late."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.stored(session)
            except (urllib.error.HTTPError, OSError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
