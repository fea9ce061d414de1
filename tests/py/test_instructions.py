"""What a native chat costs in instructions, which count alike on a busy machine: a slow-down seen without a stopwatch.

callgrind runs a host for N chats and another for 2 N; what the second needed more is what N chats cost, for both have
started and ended. `instructions.json` keeps the number for each compiler and kind of build. When it is another now:

- it should not be: `callgrind_annotate` of the file that the failure names tells which functions it is spent in;
- it should be (a feature that costs, or something has become cheaper): put the new number there, and say why.
"""

from __future__ import annotations

import http.client
import json
import platform
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import StartHost
from fake_model import FakeModel, says

KEPT = Path(__file__).with_name("instructions.json")
TOLERANCE = 0.10
CHATS = 40
ASK = json.dumps({"model": "fake", "messages": [{"role": "user", "content": "hello"}]})


def kind_of(program: Path) -> str:
    """Architecture, compiler and kind of build, as the program itself tells them."""
    binary = program.read_bytes()
    if b"__asan_init" in binary or b"__tsan_init" in binary:
        pytest.skip("a sanitizer's own instructions would be counted")
    clang, gcc = (re.search(name + rb"[^\0]*?(\d+)\.\d+\.\d+", binary) for name in (b"clang version ", b"GCC: "))
    compiler = f"clang {clang[1].decode()}" if clang else f"gcc {gcc[1].decode()}" if gcc else "unknown compiler"
    return f"{platform.machine()}, {compiler}, {'Debug' if b'.debug_info' in binary else 'Release'}"


def instructions_of(chats: int, counts: Path, start_host: StartHost, pais_host: Path) -> int:
    """Those of a whole host, from its start to its end, which answers so many chats between."""
    model = FakeModel()
    model.always(says("Hello! How can I help you today?"))
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", pais_host]
    told = {"AGENT_NAME": "costs", "MODEL_API_URL": model.url, "MODEL_NAME": "fake", "LOG_LEVEL": "WARNING"}
    host = start_host(command=valgrind, **told)
    client = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=60)
    for _ in range(chats):
        client.request("POST", "/v1/chat/completions", ASK)
        answer = client.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    client.close()
    host.stop()
    model.stop()
    total = re.search(r"^totals: (\d+)", counts.read_text(), re.MULTILINE)
    assert total is not None
    return int(total[1])


def test_a_native_chat_costs_as_many_instructions_as_it_did(
    start_host: StartHost, pais_host: Path, tmp_path: Path
) -> None:
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    kind = kind_of(pais_host)
    kept = json.loads(KEPT.read_text())
    files = {CHATS: tmp_path / "callgrind.once", 2 * CHATS: tmp_path / "callgrind.twice"}

    with ThreadPoolExecutor() as both:
        once, twice = both.map(lambda chats: instructions_of(chats, files[chats], start_host, pais_host), files)
    found = (twice - once) // CHATS

    if kind not in kept:
        pytest.skip(f"{KEPT.name} has no number for {kind}; it is {found} now")
    assert found == pytest.approx(kept[kind], rel=TOLERANCE), (
        f"A native chat costs {found} instructions ({kind}), {found / kept[kind] - 1:+.0%} against what "
        f"{KEPT.name} keeps. callgrind_annotate {files[2 * CHATS]} tells where; the head of this file what to do."
    )
