"""The same chats of another server that speaks the API, in turns with `pais-host`, before the same model."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from chats import ASK, ASK_STREAM, CHAT, clients_text, environment, per_second
from command import Pace
from figures import Report
from programs import READY_WITHIN, Load, running, wait_for_health

HELP = """\
--against CMD starts CMD (words, no shell) and ends it after. It is to serve POST /v1/chat/completions on 127.0.0.1 at
the port that the environment names as PORT and AGENT_PORT, or that stands for {port} in CMD, and to ask the model
server at MODEL_API_URL, or {model_url} (without /v1), for MODEL_NAME "fake". All other variables are its own to use.

  scripts/bench --against 'python server.py --port {port}'

--against URL asks a server that runs already. Tell with --model which model server it asks, so that pais-host is put
before the same: build/release/bench/pais-fake-model --port 9000 --delay-ms 20 (streams are judged by its tokens).

Chats of 1, 16 and 64 clients, 100 streams at once. Ratios are pais-host to the other one.
"""
TOKENS, DELAY_MS, STREAMS = 50, 20, 100


def is_url(against: str) -> bool:
    return against.startswith("http://")


def command_words(against: str, port: int, model_url: str) -> list[str]:
    """Only the two names are replaced: other braces are the command's own."""
    return [word.replace("{port}", str(port)).replace("{model_url}", model_url) for word in shlex.split(against)]


def compare(chosen: argparse.Namespace, pace: Pace, build: Path) -> dict[str, Any]:
    """The figures of both, as a report in JSON."""
    if is_url(chosen.against) != bool(chosen.model):
        sys.exit("--against URL needs --model URL, the model server that it asks; --against CMD is told of one.")
    report = Report("against", f"scripts/bench --against {shlex.quote(chosen.against)}")
    load = Load(build, seconds=pace.seconds, warm_up=pace.warm_up)
    fake_model: list[str | Path] = [
        build / "bench" / "pais-fake-model",
        "--tokens",
        str(TOKENS),
        "--delay-ms",
        str(DELAY_MS),
    ]
    host: list[str | Path] = [build / "cpp" / "host" / "pais-host", "--host", "127.0.0.1", "--port", "0"]
    with ExitStack() as exits:
        model_url = chosen.model or exits.enter_context(running(fake_model)).url
        ours = exits.enter_context(running(host, environment(model_url))).url
        wait_for_health(ours)
        if is_url(chosen.against):
            theirs = chosen.against.rstrip("/")
            wait_for_an_answer(theirs)
        else:
            theirs = exits.enter_context(other_server(chosen.against, model_url))
        for clients in (1, 16, 64):
            measure_chats(report, load, (ours, theirs), clients, pace.rounds)
        measure_streams(report, load, (ours, theirs))
    return report.as_json()


@contextmanager
def other_server(command: str, model_url: str) -> Iterator[str]:
    """Its URL, when it has answered a chat. In a group of its own, so that its children end with it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = command_words(command, port, model_url)
    told = {"MODEL_API_URL": model_url, "MODEL_NAME": "fake", "AGENT_NAME": "bench"}
    ports = {"PORT": str(port), "AGENT_PORT": str(port)}
    server = subprocess.Popen(words, env={**os.environ, **told, **ports}, start_new_session=True)
    try:
        wait_for_an_answer(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        end_group(server, signal.SIGTERM)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            end_group(server, signal.SIGKILL)
            server.wait()


def end_group(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(server.pid, how)


def wait_for_an_answer(url: str, server: subprocess.Popen[bytes] | None = None) -> None:
    """To a chat: not every server has probes."""
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            asked = urllib.request.Request(url + CHAT, ASK.encode(), {"Content-Type": "application/json"})
            urllib.request.urlopen(asked, timeout=READY_WITHIN).close()
            return
        except OSError as refused:
            if isinstance(refused, urllib.error.HTTPError):
                refused.close()
            if server and server.poll() is not None:
                sys.exit(f"The other server ended with {server.returncode} before it answered a chat")
            if time.monotonic() > deadline:
                sys.exit(f"{url} did not answer a chat within {READY_WITHIN:.0f} s: {refused}")
        time.sleep(0.05)


def measure_chats(report: Report, load: Load, both: tuple[str, str], clients: int, rounds: int) -> None:
    rates: dict[str, list[float]] = {url: [] for url in both}
    p50: dict[str, list[float]] = {url: [] for url in both}
    for _ in range(rounds):
        for url in both:
            found = load.run("closed", url + CHAT, body=ASK, clients=clients)
            rates[url].append(found["per_second"])
            p50[url].append(found["latency"]["p50_ms"])
            report.tell_failures(found)
    ours, theirs = (sum(rates[url]) / rounds for url in both)
    report.tell(f"chats, {clients_text(clients)}: pais-host, the other", f"{per_second(ours)}, {per_second(theirs)}")
    report.tell("  p50", ", ".join(f"{sum(p50[url]) / rounds:.3f} ms" for url in both))
    report.tell("  pais-host does so many times as much", ratio_text(ours, theirs))


def measure_streams(report: Report, load: Load, both: tuple[str, str]) -> None:
    """Only the tokens of pais-fake-model tell when they left, and only of whole streams something can be said."""
    ours, theirs = (load.run("streams", url + CHAT, body=ASK_STREAM, streams=STREAMS, tokens=TOKENS) for url in both)
    for what, key in (("a token's way, p50", "p50_ms"), ("a token's way, p99", "p99_ms")):
        values = [found["delay"][key] for found in (ours, theirs)]
        report.tell(f"{STREAMS} streams, {what}: pais-host, the other", f"{values[0]:.3f} ms, {values[1]:.3f} ms")
        report.tell("  the other takes so many times as long", ratio_text(values[1], values[0]))
    for what, key in (("whole", "whole"), ("tokens that shared an event", "merged")):
        report.tell(f"  {what}", f"{ours[key]}, {theirs[key]}")


def ratio_text(one: float, other: float) -> str:
    return f"{one / other:.2f} x" if other else "-"
