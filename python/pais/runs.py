"""Where a Python agent's runs live: tasks on one asyncio loop, told of by the host's messages."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_ai import Agent
from pydantic_ai.models import Model
from pydantic_ai.toolsets import AbstractToolset

from pais import adapter
from pais._core import Host, ModelAnswers, ModelSays, RunBegins, RunIsCancelled, ToolAnswers
from pais.exits import take_exits_as_failures
from pais.host_tools import HostTools
from pais.idle_hooks import pass_over_idle_hooks
from pais.loops import call_on
from pais.model import HostModel, PlainMessage, PlainTool, Reply
from pais.providers import join_host
from pais.sync_tools import HomeProcess, SyncTools
from pais.tool_limits import ToolLimits
from pais.watch import LoopWatch

if TYPE_CHECKING:
    from pais._core import Store
    from pais.memory import Memory
    from pais.user_memory import UserMemory


@dataclass(frozen=True)
class Served:
    """What a run is made of. `model` replaces the agent's own, and `toolsets` come beside the agent's."""

    agent: Agent[Any, Any]
    model: Model | None = None
    toolsets: Sequence[AbstractToolset[Any]] = field(default_factory=tuple)
    memory: Memory | None = None  # what a tool finds as `ctx.deps.memory`
    asks_host: bool = True  # the host's model, where it has one, goes before any other
    brings_memory: bool = False  # which the host is to keep its conversations in
    given: Callable[[], Mapping[str, str]] = dict  # what it says otherwise than the environment, by variable

    def brings_model(self) -> bool:
        """Whether it can do without the host's."""
        return self.model is not None or self.agent.model is not None


class RunTask(asyncio.Task[None]):
    """Of few words: anyio writes out the task that ends a scope, which pydantic-ai does several times a run."""

    def __repr__(self) -> str:
        return f"<run as {self.get_name()}>"


class Runs:
    """One task a run. All but `attach` happens on the thread of the loop that is attached."""

    def __init__(self, served: Served, host: Host) -> None:
        pass_over_idle_hooks()
        take_exits_as_failures()
        self.served = served  # by the runs that begin from now on
        self.host = host
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: LoopWatch | None = None
        self.home = HomeProcess()
        self.sync_tools = SyncTools(self.home)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._scopes: dict[int, anyio.CancelScope] = {}  # of the tasks that have taken their first step
        self._replies: dict[int, Reply] = {}
        self._hosts_memory: Memory | None = None
        facts = host.facts
        self.host_tools = HostTools(host)
        self.tool_limits = ToolLimits.of(facts)
        self._hosts_model = HostModel(self, facts["model"]) if host.has_model else None
        self.model_server = host.model_server  # where the host asks, and with which key; None when it has a script
        self.most_steps: int = facts["max_steps"]
        self.streams_intermediate: bool = facts["stream_intermediate"]

    # ------------------------------------------------------------------ the loop

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Takes the host's messages on this loop from now on. From any thread."""
        if loop is self._loop:
            return
        self.detach()
        self._loop = loop
        loop.call_soon_threadsafe(self._listen, loop)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            return  # another has taken over meanwhile
        loop.add_reader(self.host.descriptor, self.take)
        self._watch = LoopWatch(loop)

    def detach(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        loop, self._loop, self._watch = self._loop, None, None
        if loop is not None and not loop.is_closed():
            # One that has stopped for good does not mind.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.remove_reader, self.host.descriptor)

    def take(self) -> None:
        for message in self.host.take():
            if isinstance(message, RunBegins):
                self._begin(message)
            elif isinstance(message, RunIsCancelled):
                self._cancel(message.run)
            elif isinstance(message, ToolAnswers):
                self.host_tools.hear(message)
            else:
                self.hear(message)

    def hear(self, message: ModelSays | ModelAnswers) -> None:
        if reply := self._replies.get(message.call):
            call_on(reply.loop, reply.hear, message)

    def _begin(self, message: RunBegins) -> None:
        assert self._loop is not None
        self._tasks[message.run] = RunTask(adapter.run_agent(self.served, self, message), loop=self._loop)

    def began(self, run: int, scope: anyio.CancelScope) -> None:
        """What happens in this scope, which is the task's, is broken off with the run."""
        self._scopes[run] = scope

    def over(self, run: int) -> None:
        """The host has been told how it ended."""
        self._tasks.pop(run, None)
        self._scopes.pop(run, None)

    def _cancel(self, run: int) -> None:
        """By its scope, and not by its task: pydantic-ai leaves tasks of its own behind for ever when its caller's is
        cancelled while it cleans up, but shields that from scopes."""
        task, scope = self._tasks.get(run), self._scopes.get(run)
        if task is None:
            return
        if scope is not None:
            call_on(task.get_loop(), scope.cancel)
        else:
            task.add_done_callback(partial(self._never_began, run))
            call_on(task.get_loop(), task.cancel)

    def _never_began(self, run: int, _task: asyncio.Task[None]) -> None:
        """Of a task that is cancelled before its first step none of the code is run."""
        if self._tasks.pop(run, None):
            self.host.failed(run, "cancelled", "its task was cancelled", "", None, None)

    def memory_of(self, served: Served) -> Memory:
        """What a tool finds as `ctx.deps.memory`: the one that was given, else the host's."""
        if served.memory is not None:
            return served.memory
        if self._hosts_memory is None:
            from pais.memory.stores import memory_over

            self._hosts_memory = memory_over(self.host.store)
        return self._hosts_memory

    # ------------------------------------------------------------------ the host's model

    def model_for(self, served: Served) -> Model | None:
        """What a run asks; None for the agent's own model."""
        return self._hosts_model if served.asks_host and self._hosts_model is not None else served.model

    def ask(
        self,
        run: int,
        messages: list[PlainMessage],
        tools: list[PlainTool],
        tool_required: bool,
        settings: Mapping[str, Any],
        stream: bool,
        span: bytes = b"",
    ) -> tuple[int, Reply]:
        reply = Reply()
        call = self.host.next_call()
        self._replies[call] = reply
        self.host.ask(run, call, messages, tools, tool_required, settings, stream, span)
        return call, reply

    def forget(self, call: int) -> None:
        """Nobody waits for this answer any more; when it is still on its way it is stopped."""
        if (reply := self._replies.pop(call, None)) and not reply.answer.done():
            self.host.drop(call)


class Core:
    """The host without a listener: who wants something of it is given a socket. For the ASGI application."""

    def __init__(self, served: Served, settings: Mapping[str, str]) -> None:
        self._served = served
        self._memory = Lent(served.memory)
        self._host = Host(settings, listens=False, access_log=False, store=self._memory.store)
        self._runs = Runs(served, self._host)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """The runs live on this loop from now on. From any thread."""
        self._runs.attach(loop)
        self._memory.attach(loop)

    def open(self) -> None:
        self._host.start()
        join_host(self._host)
        self._host.agent_is_ready(adapter.own_tools(self._served.agent), self._served.brings_model())

    def connect(self) -> socket.socket:
        """A non-blocking socket; at its other end the core waits for requests."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            self._host.adopt(theirs.detach())
        except BaseException:
            ours.close()
            raise
        return ours

    def close(self) -> None:
        """Drains; blocks, so not on the loop of the runs."""
        self._host.drain()
        self._runs.detach()
        self._memory.detach()


class Lent:
    """A memory of Python's, as the host is given it: a face of a store is the store itself, a user's own class is
    called on the loop of the runs."""

    def __init__(self, memory: Memory | None) -> None:
        self._users: UserMemory | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.store: Store | None = None
        if memory is None:
            return
        from pais.memory.stores import StoredMemory
        from pais.user_memory import UserMemory

        self.store = memory.store if isinstance(memory, StoredMemory) else None
        if self.store is None:
            self._users = UserMemory(memory)
            self.store = self._users.store

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From any thread; a later loop takes over."""
        if self._users is None or loop is self._loop:
            return
        self._users.detach()
        self._users.attach(loop)
        self._loop = loop

    def detach(self) -> None:
        if self._users is not None:
            self._users.detach()
            self._loop = None
