"""pytest fixtures that serve an agent as `pais run` does; docs/testing.md shows them at work.

    def test_it_adds(serve_agent):
        server = serve_agent(agent, answers=[calls("add", a=1, b=2), "It is 3."])

        client = openai.OpenAI(base_url=server.base_url, api_key="any")
        ...

`serve_agent` takes an `Agent` object and serves it from a thread of this process, so that a test can reach what the
agent reaches. `serve_file` takes a file, or `file:attribute`, and serves it in a process of its own, as in production.
Both listen on a free port of the loopback and end with the test. A run that is still in flight then fails it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from pais.recorded_spans import SpanFile

if TYPE_CHECKING:
    from pydantic_ai import Agent

__all__ = ["AgentServer", "FileServer", "RunsLeaked", "Server", "calls", "serve_agent", "serve_file"]

PATIENCE = 30.0  # seconds for a server to start, to answer, to end
RUNS_MAY_TAKE = 5.0  # seconds for the runs to end that the test has left
STANDARD = {"PAIS_DRAIN_DELAY_SECONDS": "0", "PAIS_SHUTDOWN_GRACE_SECONDS": "0", "PAIS_METRICS": "true"}
PAIS_RUN = (sys.executable, "-c", "from pais.cli import app; app()", "run")
LISTENING = re.compile(r"Listening on (http://\S+)")
RUNS = re.compile(r"^pais_runs (\d+)", re.MULTILINE)
PAST_PROXIES = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RunsLeaked(AssertionError):
    """The test has ended, its clients are gone, and runs are still in flight."""


def calls(tool: str, /, **arguments: Any) -> str:
    """A model's answer that asks for a tool."""
    return json.dumps({"tool_calls": [{"name": tool, "arguments": arguments}]})


class Server(ABC):
    """An agent that is being served."""

    url: str
    _span_file: SpanFile | None = None

    @property
    def spans(self) -> list[dict[str, Any]]:
        """What has been traced so far, where the server was asked for with `traced=True`."""
        if self._span_file is None:
            raise RuntimeError("nothing is traced here; ask for the server with traced=True")
        return self._span_file.read()

    def wait_for_span(self, name: str) -> dict[str, Any]:
        """The first span of this name: one is told of a little after it has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := next((span for span in self.spans if span["name"] == name), None):
                return found
            time.sleep(0.01)
        raise AssertionError(f"no span {name!r}, only {[span['name'] for span in self.spans]}")

    @property
    def base_url(self) -> str:
        """For clients of the OpenAI API."""
        return f"{self.url}/v1"

    def ask(self, prompt: str, session: str | None = None) -> str:
        """One question and its answer, for tests that need no client. A refusal raises urllib's HTTPError."""
        named = {} if session is None else {"session_id": session}
        body = {"messages": [{"role": "user", "content": prompt}], **named}
        content: str = self._json("/v1/chat/completions", body)["choices"][0]["message"]["content"]
        return content

    def conversation(self, session: str) -> list[dict[str, Any]]:
        """What the session's memory holds, oldest first."""
        events: list[dict[str, Any]] = self._json(f"/memory/events?session_id={quote(session, safe='')}")["events"]
        return events

    @abstractmethod
    def runs_in_flight(self) -> int: ...

    @abstractmethod
    def stop(self) -> None:
        """Ends it politely."""

    def forget_spans(self) -> None:
        if self._span_file is not None:
            self._span_file.close()

    def expect_no_runs(self) -> None:
        """Waits for the runs to end that the test has left behind; RunsLeaked when they do not."""
        deadline = time.monotonic() + RUNS_MAY_TAKE
        while left := self.runs_in_flight():
            if time.monotonic() > deadline:
                raise RunsLeaked(f"{left} run(s) still in flight after the test")
            time.sleep(0.01)

    def _json(self, path: str, body: Any = None) -> Any:
        return json.loads(self._read(path, None if body is None else json.dumps(body).encode()))

    def _read(self, path: str, body: bytes | None = None) -> bytes:
        with PAST_PROXIES.open(urllib.request.Request(self.url + path, body), timeout=PATIENCE) as answer:
            content: bytes = answer.read()
        return content


class FileServer(Server):
    """`pais run` in a process of its own."""

    def __init__(
        self, target: str, folder: Path | None, variables: Mapping[str, str], spans: SpanFile | None = None
    ) -> None:
        self._span_file = spans
        self._lines: list[str] = []
        self._listening = threading.Event()
        self._process = subprocess.Popen(
            [*PAIS_RUN, target, "--port", "0"],
            cwd=folder,
            env={**os.environ, **STANDARD, **(spans.variables if spans else {}), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        if not self._comes_to_serve():
            self._end()
            raise RuntimeError(f"{target} is not served. It said:\n{self.output}")

    def _comes_to_serve(self) -> bool:
        """Waits until it listens, and then until the user's code is loaded."""
        deadline = time.monotonic() + PATIENCE
        self._listening.wait(PATIENCE)
        while hasattr(self, "url") and self._process.poll() is None and time.monotonic() < deadline:
            try:
                self._read("/ready")
            except urllib.error.HTTPError as refused:
                with refused:
                    said = refused.read()
                # One whose code cannot be served is draining before it is gone.
                if not any(state in said for state in (b'"starting"', b'"draining"')):
                    return True
                time.sleep(0.01)
            except OSError:  # it is about to end
                self._process.wait(PATIENCE)
            else:
                return True
        return False

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            if found := LISTENING.search(line):
                self.url = found[1]
                self._listening.set()
        self._listening.set()  # it has ended: there is nothing to wait for

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return "".join(self._lines)

    def runs_in_flight(self) -> int:
        found = RUNS.search(self._read("/metrics").decode())
        return int(found[1]) if found else 0

    def stop(self) -> None:
        code = self._end()
        assert code == 0, f"the server ended with {code}. It said:\n{self.output}"

    def _end(self) -> int:
        self._process.terminate()
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process.wait()
            self._reader.join(PATIENCE)
            assert self._process.stdout is not None
            self._process.stdout.close()


class AgentServer(Server):
    """An `Agent` object on the host's listener, its runs on a thread of this process."""

    def __init__(
        self,
        agent: Agent[Any, Any],
        answers: Sequence[str],
        variables: Mapping[str, str],
        spans: SpanFile | None = None,
    ) -> None:
        from pais.runs import Served
        from pais.scripted import scripted_model
        from pais.serving import Service

        served = Served(agent, model=scripted_model(answers), asks_host=False) if answers else Served(agent)
        named = {"AGENT_NAME": agent.name} if agent.name else {}
        self._events: list[dict[str, Any]] = []
        self._span_file = spans
        self._service = Service(served, {**named, **STANDARD, **(spans.variables if spans else {}), **variables})
        self.url = self._service.start()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What has happened in the runs so far: the typed events of each, in order."""
        self._events += self._service.recorded()
        return self._events

    def runs_in_flight(self) -> int:
        return self._service.runs_in_flight()

    def stop(self) -> None:
        self._service.stop()


ServeFile = Callable[..., FileServer]
ServeAgent = Callable[..., AgentServer]


@pytest.fixture
def serve_agent() -> Iterator[ServeAgent]:
    """`serve_agent(agent, answers=["Hello!"], AGENTIC_LOOP_MAX_STEPS="9")`

    Answers are what the model says in each turn, from the first on; without any the agent asks its own model. `traced`
    keeps the spans. Capital names are settings of the host, as environment variables would be; those of this process
    are not looked at.
    """
    running: list[AgentServer] = []

    def serve(
        agent: Agent[Any, Any], *, answers: Sequence[str] = (), traced: bool = False, **settings: str
    ) -> AgentServer:
        running.append(AgentServer(agent, answers, settings, SpanFile() if traced else None))
        return running[-1]

    yield serve

    end_all(running)


@pytest.fixture
def serve_file() -> Iterator[ServeFile]:
    """`serve_file("server.py", answers=["Hello!"], AGENT_NAME="greeter")`

    Answers are what the model says in each turn, from the first on; without any the agent asks its own model. `folder`
    is where the process runs, and `traced` keeps the spans. Capital names are environment variables, beside those of
    this process.
    """
    running: list[FileServer] = []

    def serve(
        target: str | Path,
        *,
        answers: Sequence[str] = (),
        folder: Path | None = None,
        traced: bool = False,
        **variables: str,
    ) -> FileServer:
        script = {"DEBUG_MOCK_RESPONSES": json.dumps(list(answers))} if answers else {}
        running.append(FileServer(str(target), folder, {**script, **variables}, SpanFile() if traced else None))
        return running[-1]

    yield serve

    end_all(running)


def end_all(servers: Sequence[Server]) -> None:
    """Ends each, and only then tells of the first that went wrong."""
    failures: list[BaseException] = []
    for server in servers:
        for step in (server.expect_no_runs, server.stop, server.forget_spans):
            try:
                step()
            except Exception as failure:
                failures.append(failure)
    if failures:
        raise failures[0]
