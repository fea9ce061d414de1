"""How the process ends: politely, however often it is asked, and whoever of the user's threads is still at work."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

import wire
from host import PATIENCE
from pais.serving import Drains
from running_file import RunningFile
from served import Served
from until import eventually

SERVER = """
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

agent = Agent(TestModel(custom_output_text="here I am"))
"""

# The core lets a daemon thread go on when the interpreter, which is ending, no longer has room for it.
LEFT_BEHIND = """
import threading
from pais._core import Host

host = Host({"AGENT_NAME": "a", "AGENT_PORT": "0", "MODEL_NAME": "m", "DEBUG_MOCK_RESPONSES": '["hi"]',
             "PAIS_DRAIN_DELAY_SECONDS": "60"})
host.start()
threading.Thread(target=host.drain, daemon=True).start()

class Last:
    def __del__(self, host=host):
        host.drain()

last = Last()
"""


# A tool of the user's that never ends, in a program that serves an agent from a thread of its own.
STUCK = """
import threading, urllib.request
from pydantic_ai import Agent
from pais.runs import Served
from pais.serving import Service

agent = Agent("test")
began = threading.Event()

@agent.tool_plain
def wait() -> str:
    began.set()
    threading.Event().wait()
    return ""

def ask(url):
    try:
        urllib.request.urlopen(url + "/v1/chat/completions", b'{"messages": [{"role": "user", "content": "x"}]}')
    except OSError:
        pass

with Service(Served(agent), {"PAIS_SHUTDOWN_GRACE_SECONDS": "0"}) as service:
    asking = threading.Thread(target=ask, args=[service.url])
    asking.start()
    began.wait()
"""

# Tools that keep the loop, each for ever: one that the interpreter can look out of, one that it cannot.
KEEPER = """
import ctypes, time
from pathlib import Path
from pydantic_ai import Agent

agent = Agent("test")

@agent.tool_plain
async def keep() -> str:
    Path("began").touch()
    {how}
    return ""
"""
SLEEPS = "time.sleep(600)"
IS_LOST_IN_A_LIBRARY = "c = ctypes.CDLL(None); lock = ctypes.create_string_buffer(64); " + "; ".join(
    ["c.pthread_mutex_lock(lock)"] * 2
)

# A child that a tool forks, and asks to end while it waits.
PARENT = """
import os, signal, time
from pydantic_ai import Agent

agent = Agent("test")

@agent.tool_plain
async def fork() -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"!")
        time.sleep(20)
        os._exit(7)
    os.read(reader, 1)
    os.kill(child, signal.SIGTERM)
    return f"ended by {os.WTERMSIG(os.waitpid(child, 0)[1])}"
"""


def test_asked_again_and_again_it_still_ends_politely(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    host = RunningFile("server.py", {}, tmp_path)
    host.wait_until_loaded()
    assert wire.ask(host.url, "hello") == "here I am"

    deadline = time.monotonic() + PATIENCE
    while host.process.poll() is None and time.monotonic() < deadline:
        host.ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            host.process.wait(0.001)

    assert host.stop() == 0, host.output


def test_a_thread_that_comes_back_from_the_core_at_the_end_does_not_break_it(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", LEFT_BEHIND], cwd=tmp_path, capture_output=True, timeout=PATIENCE)

    assert ended.returncode == 0, ended.stderr


def test_a_sync_tool_that_never_ends_does_not_keep_a_program_from_ending(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", STUCK], cwd=tmp_path, capture_output=True, timeout=PATIENCE)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("how", [SLEEPS, IS_LOST_IN_A_LIBRARY])
def test_a_tool_that_keeps_the_loop_does_not_keep_the_server_from_ending(tmp_path: Path, how: str) -> None:
    (tmp_path / "server.py").write_text(KEEPER.format(how=how))
    served = Served("server.py", tmp_path, {"PAIS_SHUTDOWN_GRACE_SECONDS": "0"})
    try:
        served.ask("keep")
        eventually((tmp_path / "began").exists)
    finally:
        served.stop()


def test_a_forked_child_that_is_asked_to_end_does_not_end_the_server(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(PARENT)
    served = Served("server.py", tmp_path)
    try:
        assert "ended by 15" in served.chat("fork").text
        assert "ended by 15" in served.chat("again").text
    finally:
        served.stop()


def begin_often(drains: Drains) -> None:
    for _ in range(3):
        drains.begin()


def test_a_second_wish_to_end_may_come_while_the_first_is_over() -> None:
    for _ in range(200):
        ends: list[int] = []
        drains = Drains(partial(ends.append, 1))
        asking = threading.Thread(target=begin_often, args=(drains,))
        asking.start()
        drains.join()
        asking.join()
        began = len(ends)
        drains.begin()
        assert len(ends) == began <= 2
