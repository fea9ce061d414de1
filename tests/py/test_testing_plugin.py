"""The pytest fixtures of `pais.testing`, tried as their users use them: by running a pytest of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PATIENCE = 120.0
# Of an editable install a part is imported before pytest is; that is nobody's fault.
EDITABLE = ("-W", "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning")
PAGE = Path(__file__).parents[2] / "docs" / "testing.md"

WAITING = """
import asyncio
from pydantic_ai import Agent

agent = Agent("test")

@agent.tool_plain
async def wait() -> str:
    await asyncio.Event().wait()
    return ""
"""
LEAVE = """
import http.client

def leave_a_run_behind(server):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request("POST", "/v1/chat/completions", '{"messages": [{"role": "user", "content": "x"}]}')
    while not server.runs_in_flight():
        pass
    connection.close()
"""


def pytest_in(folder: Path, **files: str) -> str:
    """What a pytest says about these files; it has the plugin by the installation's entry point."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *EDITABLE, "--quiet"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return outcome.stdout + outcome.stderr


def blocks_of(page: Path) -> dict[str, str]:
    """The files that a page shows, by name; each begins with its name in a comment."""
    shown: dict[str, str] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        name = re.match(r"# (\w+)\.py\n", block)
        assert name, f"this block of {page.name} does not begin with the name of its file:\n{block}"
        shown[name[1]] = block
    return shown


def test_the_examples_of_the_page_pass(tmp_path: Path) -> None:
    shown = blocks_of(PAGE)
    tests = sum(block.count("\ndef test_") for block in shown.values())

    said = pytest_in(tmp_path, **shown)

    assert f"{tests} passed" in said, said
    assert tests >= 5


def test_an_agent_object_is_served_from_this_process(tmp_path: Path) -> None:
    said = pytest_in(
        tmp_path,
        test_it="""
from pydantic_ai import Agent

def test_it(serve_agent):
    added = []
    agent = Agent("test", name="calc")

    @agent.tool_plain
    def add(a: int) -> int:
        added.append(a)
        return a

    server = serve_agent(agent)

    assert server.base_url == server.url + "/v1"
    assert server.ask("1+2?") == '{"add":0}'
    assert added == [0]
""",
    )

    assert "1 passed" in said, said


TRACED = """
from opentelemetry import trace
from pydantic_ai import Agent

agent = Agent("test", name="calc")

@agent.tool_plain
def look() -> str:
    with trace.get_tracer("house").start_as_current_span("open the book") as span:
        span.set_attribute("page", 7)
    return "seen"
"""


@pytest.mark.parametrize(
    "serve", ["serve_agent(server.agent, traced=True)", "serve_file('server.py', traced=True, AGENT_NAME='calc')"]
)
def test_spans_are_kept_of_the_host_and_of_the_users_code(tmp_path: Path, serve: str) -> None:
    said = pytest_in(
        tmp_path,
        server=TRACED,
        test_it=f"""
import server

def test_it(serve_agent, serve_file):
    served = {serve}
    served.ask("look")

    turn = served.wait_for_span("server-run")
    call = served.wait_for_span("execute_tool look")
    own = served.wait_for_span("open the book")

    assert own["attributes"] == {{"page": 7}}
    assert own["parent_span_id"] == call["span_id"]
    assert own["trace_id"] == turn["trace_id"]
    assert turn["start"] <= own["start"] <= own["end"] <= turn["end"]
    assert turn in served.spans
""",
    )

    assert "1 passed" in said, said


def test_a_server_that_is_not_traced_says_how_to_have_spans(tmp_path: Path) -> None:
    said = pytest_in(
        tmp_path,
        server=WAITING,
        test_it="""
import server

def test_it(serve_agent):
    serve_agent(server.agent).spans
""",
    )

    assert "ask for the server with traced=True" in said, said


@pytest.mark.parametrize(
    "serve",
    ["serve_agent(server.agent, PAIS_ON_DISCONNECT='finish')", "serve_file('server.py', PAIS_ON_DISCONNECT='finish')"],
)
def test_a_run_that_is_left_behind_fails_its_test(tmp_path: Path, serve: str) -> None:
    said = pytest_in(
        tmp_path,
        server=WAITING,
        leaving=LEAVE,
        test_it=f"""
import pais.testing
import server
from leaving import leave_a_run_behind

def test_it(serve_agent, serve_file, monkeypatch):
    monkeypatch.setattr(pais.testing, "RUNS_MAY_TAKE", 0.1)
    leave_a_run_behind({serve})
""",
    )

    assert "RunsLeaked: 1 run(s) still in flight after the test" in said, said
    assert "1 passed, 1 error" in said, said


def test_a_run_whose_client_has_gone_is_no_leak(tmp_path: Path) -> None:
    said = pytest_in(
        tmp_path,
        server=WAITING,
        leaving=LEAVE,
        test_it="""
from leaving import leave_a_run_behind

def test_it(serve_file):
    leave_a_run_behind(serve_file("server.py"))
""",
    )

    assert "1 passed" in said, said
    assert "error" not in said, said


def test_a_file_that_cannot_be_served_is_told_with_what_it_said(tmp_path: Path) -> None:
    said = pytest_in(
        tmp_path,
        server="x = 1\n",
        test_it="""
def test_it(serve_file):
    serve_file("server.py")
""",
    )

    assert "No pydantic_ai.Agent found in server.py" in said, said
    assert "1 failed" in said, said
