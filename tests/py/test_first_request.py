"""Once a host is ready, the first request finds everything that the later ones find."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Says which modules each of a few first requests has imported.
SCRIPT = """
import encodings.idna, http.client, json, sys
from pydantic_ai import Agent
from pais.runs import Served
from pais.serving import Service

agent = Agent({model!r}, instructions="Be brief.", defer_model_check=True)

@agent.tool_plain
def add(a: int, b: int) -> int:
    return a + b

with Service(Served(agent), {settings!r}) as service:
    before = set(sys.modules)
    for stream in (False, True):
        client = http.client.HTTPConnection(service.url.partition("//")[2])
        asked = {{"messages": [{{"role": "user", "content": "1+2?"}}], "stream": stream}}
        client.request("POST", "/v1/chat/completions", json.dumps(asked), {{"X-Session-ID": "s"}})
        client.getresponse().read()
    print("imported:", json.dumps(sorted(set(sys.modules) - before)))
"""
ADDS = json.dumps([json.dumps({"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}), "3"])
HOSTS_MODEL = {"DEBUG_MOCK_RESPONSES": ADDS, "MODEL_NAME": "m"}


def imported_by_first_requests(folder: Path, model: str | None, settings: dict[str, str]) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(model=model, settings=settings)],
        cwd=folder,
        env={"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rehearsal" not in ended.stdout, "it failed"
    (told,) = [line for line in ended.stdout.splitlines() if line.startswith("imported:")]
    imported: list[str] = json.loads(told.partition(":")[2])
    return imported


@pytest.mark.parametrize(("model", "settings"), [(None, HOSTS_MODEL), ("test", {})], ids=["host's model", "own model"])
def test_nothing_is_imported_by_the_first_request(tmp_path: Path, model: str | None, settings: dict[str, str]) -> None:
    assert imported_by_first_requests(tmp_path, model, settings) == []


def test_the_library_of_a_model_that_is_only_named_is_imported_before(tmp_path: Path) -> None:
    imported = imported_by_first_requests(tmp_path, "openai:gpt-4o-mini", {})

    assert not {"openai", "pydantic_ai.models.openai"}.intersection(imported)
