"""The proof that no acknowledged turn is lost: hosts under load are killed (`kill -9`), again and again.

Clients ask a `pais-host` with a scripted model as fast as they can, over the wire, half of them in streams. At a random
moment it is killed and started again on the same store. A turn whose answer came whole is acknowledged: its question
and its answer must then be in the session, each once. A turn that was cut off may be there or not, but not twice.

    python tests/py/kills.py --host build/release/cpp/host/pais-host --kills 200 --store sqlite
    python tests/py/kills.py --host build/release/cpp/host/pais-host --kills 200 --store redis
    python tests/py/kills.py --host build/release/cpp/host/pais-host --hosts 3
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from host import RunningHost
from redis_server import RedisServer

PATIENCE = 60.0
CLIENTS = 8
LONGEST_LIFE = 0.5  # seconds of load before a kill
SLOW = {"DEBUG_MOCK_RESPONSES": '["yes indeed"]', "PAIS_MOCK_DELAY_MS": "20"}  # a turn can be met while it runs
ROOM = {"MEMORY_MAX_SESSIONS": "100000", "MEMORY_MAX_SESSION_EVENTS": "100000"}  # nothing is forgotten
SCRIPT = {"AGENT_NAME": "mortal", "DEBUG_MOCK_RESPONSES": '["yes, I have heard you"]', "MEMORY_CONTEXT_LIMIT": "6"}


class Cut(Exception):
    """The host was gone before the answer was whole."""


@dataclass
class Found:
    """What a proof came to. Good when nothing was lost, doubled or refused."""

    kills: int = 0
    acknowledged: int = 0
    cut: int = 0
    cut_but_stored: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    longest_pause: float = 0.0

    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.refused)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.acknowledged} turns acknowledged: {len(self.lost)} lost, "
            f"{len(self.doubled)} doubled, {len(self.refused)} refused; {self.cut} cut off, "
            f"{self.cut_but_stored} of them stored"
        )


def call(url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """Status, headers and body of one whole answer."""
    place = urlsplit(url)
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    except (OSError, http.client.HTTPException) as gone:
        raise Cut(str(gone)) from gone
    finally:
        connection.close()


def ask(url: str, session: str, prompt: str, stream: bool) -> str:
    """Why a turn was refused; empty when it was acknowledged."""
    body = {"messages": [{"role": "user", "content": prompt}], "stream": stream}
    named = {"X-Session-ID": session} if session else {}
    status, headers, text = call(url, "POST", "/v1/chat/completions", body, named)
    if status != 200:
        return f"{prompt}: {status} {text[:200]}"
    if "X-PAIS-Memory" in headers:
        return f"{prompt}: not remembered"
    if stream and not text.endswith("data: [DONE]\n\n"):
        raise Cut("a stream without an end")
    return ""


@dataclass
class Client:
    """What one of those who ask was told."""

    session: str  # "": each of its turns has a new one
    name: str
    stream: bool
    acknowledged: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def ask(self, url: str, prompt: str) -> bool:
        """Whether the host lived to answer."""
        try:
            refusal = ask(url, self.session, prompt, self.stream)
        except Cut:
            self.cut.append(prompt)
            return False
        if refusal:
            self.refused.append(refusal)
        else:
            self.acknowledged.append(prompt)
        return True

    def ask_until_it_dies(self, url: str, heard: threading.Event) -> None:
        for number in itertools.count():
            if not self.ask(url, f"{self.name}-{number}"):
                return
            heard.set()


def sessions(url: str) -> list[str]:
    status, _, text = call(url, "GET", "/memory/sessions")
    assert status == 200, text
    return list(json.loads(text)["sessions"])


def stored(url: str, session: str) -> list[dict[str, Any]]:
    status, _, text = call(url, "GET", f"/memory/sessions/{session}")
    assert status in (200, 404), text
    return [json.loads(line) for line in text.splitlines()] if status == 200 else []


def look_for(found: Found, clients: Sequence[Client], events: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Compares what the clients were told with what is in their sessions."""
    asked: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    for told in events.values():
        prompts = {
            event["metadata"]["run_id"]: event["content"] for event in told if event["event_type"] == "user_message"
        }
        asked.update(event["content"] for event in told if event["event_type"] == "user_message")
        answered.update(
            prompts.get(event["metadata"]["run_id"], "nobody")
            for event in told
            if event["event_type"] == "agent_response"
        )
    for client in clients:
        found.acknowledged += len(client.acknowledged)
        found.cut += len(client.cut)
        found.cut_but_stored += sum(1 for prompt in client.cut if answered[prompt])
        found.refused += client.refused
        found.lost += [prompt for prompt in client.acknowledged if not (asked[prompt] and answered[prompt])]
        found.doubled += [
            prompt for prompt in client.acknowledged + client.cut if asked[prompt] > 1 or answered[prompt] > 1
        ]
    found.doubled += ["an answer to nobody"] * answered["nobody"]


class Mortal:
    """A host that is killed under load and started again on its store."""

    def __init__(self, program: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self._start: Callable[[], RunningHost] = lambda: RunningHost(
            [program, "--port", "0"], {**SCRIPT, **ROOM, **environment}, folder
        )

    def prove(self, kills: int, chance: random.Random, tell: Callable[[str], None]) -> Found:
        found = Found()
        host = self._begin()
        for life in range(kills):
            clients = [
                Client(f"life-{life}-{n // 2}" if n > 1 else "", f"{life}-{n}", stream=n % 2 == 1)
                for n in range(CLIENTS)
            ]  # two clients to a session, but for the first two, who name none
            self._load_and_kill(host, clients, chance.uniform(0, LONGEST_LIFE))
            found.kills += 1
            host = self._begin()
            there = sessions(host.url)
            look_for(found, clients, {session: stored(host.url, session) for session in there})
            for session in there:
                call(host.url, "DELETE", f"/memory/sessions/{session}")
            if (life + 1) % 20 == 0:
                tell(str(found))
        host.stop()
        return found

    def _begin(self) -> RunningHost:
        host = self._start()
        host.wait_until_listening()
        return host

    @staticmethod
    def _load_and_kill(host: RunningHost, clients: Sequence[Client], life: float) -> None:
        heard = threading.Event()
        threads = [threading.Thread(target=client.ask_until_it_dies, args=(host.url, heard)) for client in clients]
        for thread in threads:
            thread.start()
        heard.wait(PATIENCE)
        time.sleep(life)
        host.process.kill()
        host.wait()
        for thread in threads:
            thread.join()


def prove_hosts(program: Path, folder: Path, redis_url: str, hosts: int = 3, turns: int = 200) -> Found:
    """Several hosts serve one session over one Redis. When half of the turns are through, one is killed in a turn."""
    environment = {**SCRIPT, **SLOW, "MEMORY_TYPE": "redis", "MEMORY_REDIS_URL": redis_url}
    alive = [RunningHost([program, "--port", "0"], environment, folder) for _ in range(hosts)]
    for host in alive:
        host.wait_until_listening()
    numbers = itertools.count()
    acknowledged_at: list[float] = []

    def ask_in_turn(client: Client) -> None:
        while (number := next(numbers)) < turns:
            here = list(alive)
            prompt = f"turn-{number}"
            while not client.ask(here[number % len(here)].url, prompt):
                prompt, here = f"{prompt}-again", here[1:]
            acknowledged_at.append(time.monotonic())

    clients = [Client("shared", str(n), stream=n % 2 == 1) for n in range(2 * hosts)]
    threads = [threading.Thread(target=ask_in_turn, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged_at) >= turns // 2)
    doomed = alive.pop(0)
    clients.append(Client("shared", "last words", stream=True, cut=["last words"]))
    with begun_turn(doomed.url, "shared", "last words"):
        doomed.process.kill()
        doomed.wait()
    for thread in threads:
        thread.join()

    found = Found(kills=1)
    told = stored(alive[0].url, "shared")
    look_for(found, clients, {"shared": told})
    found.refused += turns_that_mixed(told)
    found.longest_pause = max(b - a for a, b in itertools.pairwise(sorted(acknowledged_at)))
    for host in alive:
        host.stop()
    return found


@contextmanager
def begun_turn(url: str, session: str, prompt: str) -> Iterator[http.client.HTTPResponse]:
    """A turn whose answer has begun to come, and what comes of it."""
    body = {"messages": [{"role": "user", "content": prompt}], "stream": True}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), {"X-Session-ID": session})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.readline().startswith(b"data: ")
        yield answer


def turns_that_mixed(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """Turns of one session come one after another, whoever serves them: an answer stands right behind its question."""
    mixed = []
    for question, answer in itertools.pairwise(told):
        if answer["event_type"] == "agent_response" and question["metadata"] != answer["metadata"]:
            mixed.append(f"{question['content']} is followed by another turn's answer")
    return mixed


def wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def prove(program: Path, folder: Path, store: str, kills: int, seed: int, tell: Callable[[str], None]) -> Found:
    chance = random.Random(seed)
    if store == "sqlite":
        return Mortal(program, folder, {"MEMORY_PATH": str(folder / "sessions.db")}).prove(kills, chance, tell)
    redis = RedisServer(folder)
    try:
        return Mortal(program, folder, {"MEMORY_TYPE": "redis", "MEMORY_REDIS_URL": redis.url}).prove(
            kills, chance, tell
        )
    finally:
        redis.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", type=Path, required=True, help="the pais-host to kill")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--store", choices=["sqlite", "redis"], default="sqlite")
    parser.add_argument("--hosts", type=int, help="that many hosts over one Redis, one of them killed")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    program = arguments.host.resolve()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.hosts:
            redis = RedisServer(Path(folder))
            found = prove_hosts(program, Path(folder), redis.url, arguments.hosts)
            redis.kill()
            print(f"{found}; longest pause of the session {found.longest_pause:.2f} s")
        else:
            found = prove(program, Path(folder), arguments.store, arguments.kills, arguments.seed, print)
            print(f"{arguments.store}: {found}")
    for wrong in (*found.lost, *found.doubled, *found.refused):
        print(wrong)
    return 0 if found.is_good() else 1


if __name__ == "__main__":
    sys.exit(main())
