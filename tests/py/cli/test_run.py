"""What `pais run` shows first, and its options for other servers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.conftest import OpenTerminal, Pais
from running_file import RunningFile
from running_file import pais as pais_command

AGENT = """
from pydantic_ai import Agent

agent = Agent("test")

@agent.tool_plain
def add(a: int, b: int) -> int:
    return a + b

@agent.tool_plain
def sub(a: int, b: int) -> int:
    return a - b
"""
DEAD = "http://127.0.0.1:1"


def test_the_first_screen_says_what_is_served_and_how_to_ask_it(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(AGENT)
    host = RunningFile(
        "server.py",
        {"AGENT_AUTH_REQUIRED": "true", "AGENT_API_KEY": "sesame", "LOG_LEVEL": "CRITICAL"},
        tmp_path,
        "--name=adder",
        "--mock=Hello!",
        f"--mcp=weather={DEAD}",
        f"--mcp=maps={DEAD}/mcp",
        f"--sub-agent=math={DEAD}",
    )
    try:
        host.wait_until_loaded()
        shown = "\n".join(host.output).rstrip()
    finally:
        assert host.stop() == 0

    assert (
        shown
        == f"""🚀 Starting agent server from server.py
Listening on {host.url}
  URL          {host.url}
  agent        adder
  model        scripted
  tools        add, sub
  MCP servers  weather, maps
  sub-agents   math
  memory       local
  auth         API key

  pais chat {host.url}
  curl {host.url}/v1/chat/completions -H 'X-API-Key: '$AGENT_API_KEY \
-d '{{"messages": [{{"role": "user", "content": "Hello!"}}]}}'"""
    )


def test_on_a_narrow_terminal_long_rows_go_on_below_themselves(open_terminal: OpenTerminal, tmp_path: Path) -> None:
    tools = [f"a_tool_with_a_long_name_{number}" for number in range(4)]
    code = "".join(f"\n@agent.tool_plain\ndef {name}() -> int:\n    return 1\n" for name in tools)
    (tmp_path / "server.py").write_text(f"from pydantic_ai import Agent\nagent = Agent('test')\n{code}")

    terminal = open_terminal("run", "--port", "0", "--mock", "Hello!", columns=50)
    terminal.wait_for("Listening on ")
    shown = terminal.wait_for("curl http")

    assert f"  tools        {tools[0]},\n               {tools[1]},\n" in shown
    assert "ogfire" not in terminal.plain, "the first screen is ours alone"


def test_a_declared_agent_takes_the_same_options(tmp_path: Path) -> None:
    words = pais_command(
        "run", "--check", "--name", "declared", "--mcp", f"weather={DEAD}", "--mcp", f"maps={DEAD}/mcp",
        "--sub-agent", f"math={DEAD}", "--sub-agent", f"words={DEAD}/w",
    )  # fmt: skip
    variables = {
        "PATH": "/usr/bin",
        "MCP_SERVERS": "other",
        "MCP_SERVER_other_URL": DEAD,
        "AGENT_SUB_AGENTS": "x:http://y",
    }

    outcome = subprocess.run(words, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True, timeout=60)

    shown = outcome.stdout.splitlines()
    assert "MCP_SERVERS=weather,maps  # environment" in shown
    assert f"MCP server weather={DEAD}/mcp  # environment" in shown
    assert f"MCP server maps={DEAD}/mcp  # environment" in shown
    assert f"AGENT_SUB_AGENTS=math:{DEAD},words:{DEAD}/w  # environment" in shown
    assert not any("other" in line for line in shown)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mcp", "weather"], "--mcp weather: what follows the '=' is no http:// or https:// URL"),
        (["--mcp", f"={DEAD}"], f"--mcp ={DEAD}: say NAME=URL, the name of letters, digits, '.', '_' and '-'"),
        (["--mcp", "w=ftp://x"], "--mcp w: what follows the '=' is no http:// or https:// URL"),
        (["--sub-agent", "m=http://a,b"], "--sub-agent m: what follows the '=' is no http:// or https:// URL"),
        (["--sub-agent", f"m={DEAD}", "--sub-agent", f"m={DEAD}"], "--sub-agent m is said twice"),
    ],
)
def test_a_server_that_is_not_named_well_is_a_usage_error(pais: Pais, words: list[str], said: str) -> None:
    outcome = pais("run", *words)

    assert outcome.stderr == f"Error: {said}\n"
    assert outcome.exit_code == 2
