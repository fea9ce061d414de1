"""An agent on the host's own listener: until a signal comes, or, for tests, on a thread."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from pais import adapter
from pais._core import Host, log_error, log_info, log_warning
from pais.banner import print_banner
from pais.environment import FileVariables
from pais.given import host_of, tell_of_late
from pais.load import Found, LoadError, load_agent
from pais.providers import join_host, show_logging
from pais.rehearsal import rehearse
from pais.reload import Project
from pais.runs import Lent, Runs, Served
from pais.signals import EndSignals, set_from_other_threads
from pais.sync_tools import HomeProcess
from pais.tracebacks import users_traceback

LOOK_FOR_CHANGES_EVERY = 0.3
GARBAGE = (20_000, 20, 50)  # a run leaves hundreds of objects behind: look for cycles every few dozens of runs
FAREWELL = 3.0  # for the user's code to end, once the last answer is out


def serve_file(
    host: Host, target: str, variables: FileVariables, *, reload: bool, options: Mapping[str, str] | None = None
) -> int:
    """Loads the agent of a file and serves it until a signal comes; `options` are the command's own. The host has been
    started already: probes are answered, and turns wait, while the user's code is imported. Gives the exit code."""
    if reload:
        # A module that changes twice within a second would be mistaken for the one that was compiled first.
        sys.dont_write_bytecode = True
    found = load_or_refuse(target)
    if found is None:
        return 1
    try:
        host, lent = host_of(found.served, host, options or {})
    except (ValueError, RuntimeError, OSError) as reason:
        refuse("\n".join(f"Error: {line}" for line in str(reason).splitlines()))
        return 2 if isinstance(reason, ValueError) else 1
    show_logging(traced=host.signals is not None)
    tell_of_others(found, target)
    serving = Serving(host, with_hosts_memory(found.served), lent)
    run_to_end(serving.until_told(Project(target, variables) if reload else None))
    return 0


def check_file(target: str) -> int:
    """Loads the agent of a file and says what it is. Gives the exit code."""
    found = load_or_refuse(target)
    if found is None:
        return 1
    tools = ", ".join(name for name, _ in adapter.own_tools(found.served.agent))
    print(f"{target}: {found.name} is served; its tools: {tools or 'none'}", flush=True)
    return 0


def load_or_refuse(target: str) -> Found | None:
    home = HomeProcess()
    try:
        return load_agent(target)
    except LoadError as reason:
        refuse(f"Error: {reason}")
    except SystemExit as end:
        home.leave_if_forked(end)
        refuse(users_traceback(end))
    except Exception as failure:
        refuse(users_traceback(failure))
    return None


def serve_forever(served: Served, settings: Mapping[str, str], host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    lent = Lent(served.memory)
    variables = {**settings, "PAIS_HOST": host, "AGENT_PORT": str(port)}
    core = Host(variables, "", "agent", access_log=False, store=lent.store)
    core.start()
    print(f"Listening on {core.url}", flush=True)
    run_to_end(Serving(core, served, lent).until_told(None))


class Drains:
    """The ends that were asked for, on threads of their own, for the user's code may keep the loop and its threads. A
    second one makes the first end at once."""

    def __init__(self, drain: Callable[[], object]) -> None:
        self._drain = drain
        self._guard = threading.Lock()
        self._begun: list[threading.Thread] = []
        self._joined = False

    def begin(self) -> None:
        """From any thread."""
        with self._guard:
            if self._joined or len(self._begun) == 2:
                return
            thread = threading.Thread(target=self._drain, name="pais-drain", daemon=True)
            thread.start()
            self._begun.append(thread)

    def join(self) -> None:
        """None begins from here on."""
        with self._guard:
            self._joined = True
        for thread in self._begun:
            thread.join()


class Serving:
    """A host and the runs of its agent, on the loop that runs `until_told`."""

    def __init__(self, host: Host, served: Served, lent: Lent | None = None) -> None:
        self.host = host
        self.runs = Runs(served, host)
        self._lent = lent
        self._tasks: set[asyncio.Task[None]] = set()

    async def until_told(self, project: Project | None) -> None:
        """Serves until SIGTERM or SIGINT, then drains; a second signal ends the drain at once."""
        loop = asyncio.get_running_loop()
        told, drained = asyncio.Event(), asyncio.Event()

        def drain() -> None:
            self.host.drain()
            end_within(FAREWELL)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(drained.set)

        drains = Drains(drain)

        def end() -> None:
            drains.begin()
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(told.set)

        signals = EndSignals(end)
        await self.open(loop)
        print_banner(self.host, self.runs.served)
        if project is not None:
            self._tasks.add(loop.create_task(self._follow(project)))
        await told.wait()
        for task in self._tasks:
            task.cancel()
        await drained.wait()
        signals.ignore()
        drains.join()  # that of a second signal returns with the first's
        self.close()

    async def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ready when the first request will be as fast as the second."""
        await rehearse(self.runs)
        # What the imports left behind stays for ever: no collection needs to look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        self.runs.attach(loop)
        if self._lent is not None:
            self._lent.attach(loop)
        self._announce()

    def close(self) -> None:
        self.runs.detach()
        if self._lent is not None:
            self._lent.detach()

    def _announce(self) -> None:
        served = self.runs.served
        join_host(self.host)
        self.host.agent_is_ready(adapter.own_tools(served.agent), served.brings_model())

    async def _follow(self, project: Project) -> None:
        """Runs that have begun end on the code they began with."""
        given = self.runs.served.given()
        while True:
            await asyncio.sleep(LOOK_FOR_CHANGES_EVERY)
            if not await asyncio.to_thread(project.has_changed):
                continue
            with set_from_other_threads():
                found = await asyncio.to_thread(project.try_to_load)
            if isinstance(found, Found):
                tell_of_others(found, project.target)
                tell_of_late(found.served, given)
                self.runs.served = replace(found.served, memory=self.runs.served.memory)
                self._announce()
                log_info("the changed code is served")
            elif isinstance(found, LoadError):
                log_error(f"the changed code is not served: {found}")
            else:
                log_error("the changed code is not served, the old code serves on")
                print(users_traceback(found), file=sys.stderr, flush=True)


class Service:
    """The same on a thread, for tests: `with Service(served, settings) as service: service.url`."""

    def __init__(self, served: Served, settings: Mapping[str, str] | None = None) -> None:
        self._lent = Lent(served.memory)
        variables = {"AGENT_NAME": "agent", "AGENT_PORT": "0", "PAIS_DRAIN_DELAY_SECONDS": "0", **(settings or {})}
        self._host = Host(variables, access_log=False, store=self._lent.store)
        self._host.record()
        self._serving = Serving(self._host, served, self._lent)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: run_to_end(self._live()), name="pais-service", daemon=True)

    @property
    def url(self) -> str:
        return self._host.url

    def start(self) -> str:
        self._host.start()
        self._thread.start()
        self._ready.wait()
        return self.url

    def stop(self) -> None:
        """Drains, and ends the loop."""
        self._host.drain()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(FAREWELL)
        if self._thread.is_alive():
            log_warning("the agent's code does not end; its thread is left behind")

    def recorded(self) -> list[dict[str, Any]]:
        """What has happened in the runs since the last call."""
        return self._host.recorded()

    def runs_in_flight(self) -> int:
        return self._host.runs

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        await self._serving.open(self._loop)
        self._ready.set()
        await self._end.wait()
        self._serving.close()

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def run_to_end(main: Coroutine[Any, Any, None]) -> None:
    """As `asyncio.run`, but a `sys.exit` in the user's code, which breaks out of every loop, does not end this one. The
    task it came from has it as its failure."""
    loop = new_loop()
    asyncio.set_event_loop(loop)
    task = loop.create_task(main)
    home = HomeProcess()
    try:
        with known_as_asyncio():
            while not task.done():
                try:
                    loop.run_until_complete(task)
                except SystemExit as end:
                    home.leave_if_forked(end)
        task.result()
    finally:
        left = asyncio.all_tasks(loop)
        for other in left:
            other.cancel()
        with suppress(asyncio.TimeoutError):
            loop.run_until_complete(asyncio.wait_for(asyncio.gather(*left, return_exceptions=True), FAREWELL))
        asyncio.set_event_loop(None)
        loop.close()


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed: a run takes dozens of steps of the loop, which are cheaper there."""
    try:
        import uvloop  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


@contextmanager
def known_as_asyncio() -> Iterator[None]:
    """Where sniffio is installed, anyio asks it dozens of times in a run which library's loop this is, and it looks
    around anew each time unless the thread says so."""
    try:
        from sniffio import thread_local
    except ImportError:
        yield
        return
    before, thread_local.name = thread_local.name, "asyncio"
    try:
        yield
    finally:
        thread_local.name = before


def end_within(seconds: float) -> None:
    """The interpreter waits for threads and tasks at its end; some of the user's may never end."""

    def end() -> None:
        sys.stdout.flush()
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def refuse(text: str) -> None:
    print(text.rstrip("\n"), file=sys.stderr, flush=True)


def tell_of_others(found: Found, target: str) -> None:
    if found.others:
        log_warning(f"{target} has several agents: {found.name} is served, not {', '.join(found.others)}")
    for name in found.around:
        log_warning(
            f"{target} has an agent and an app: {found.name} is served, without what {name} adds to an agent "
            f"(sub-agents, toolsets, a model); that is served by naming it: {target}:{name}"
        )


def with_hosts_memory(served: Served) -> Served:
    """A tool looks into the memory that is kept; one of a class of the user's own it may know better."""
    from pais.memory.stores import StoredMemory

    return replace(served, memory=None) if isinstance(served.memory, StoredMemory) else served
