"""The loop on which a Python agent's runs live, and the host around it."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Mapping
from typing import Any

from pydantic_ai import Agent

from pais import adapter
from pais._core import Host


class Loop:
    """Takes the host's messages and keeps one task a run. Everything here happens on one thread."""

    def __init__(self, agent: Agent[Any, Any], host: Host) -> None:
        self._agent = agent
        self._host = host
        self._runs: dict[int, asyncio.Task[None]] = {}

    def take(self) -> None:
        for message in self._host.take():
            if message["cancel"]:
                if task := self._runs.get(message["run"]):
                    task.cancel()
            else:
                self._begin(message)

    def _begin(self, message: Mapping[str, Any]) -> None:
        run: int = message["run"]
        task = asyncio.get_running_loop().create_task(adapter.run_agent(self._agent, self._host, message))
        self._runs[run] = task
        task.add_done_callback(lambda _: self._runs.pop(run, None))


async def serve_until_told(agent: Agent[Any, Any], host: Host) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends the drain at once."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    drains: list[asyncio.Future[None]] = []

    def end() -> None:
        told.set()
        drains.append(loop.run_in_executor(None, host.drain))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_reader(host.descriptor, Loop(agent, host).take)
    await told.wait()
    await drains[0]
    loop.remove_reader(host.descriptor)


def serve(agent: Agent[Any, Any], host: Host) -> None:
    """Serves an agent until a signal comes."""
    url = host.start(own_tools=0)
    print(f"Listening on {url}", flush=True)
    # What the imports left behind stays for ever: no collection needs to look at it again.
    gc.collect()
    gc.freeze()
    asyncio.run(serve_until_told(agent, host))
