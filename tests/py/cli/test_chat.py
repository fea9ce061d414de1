"""`pais chat`, by somebody at a terminal."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from cli.conftest import ADDS, KEY, OpenTerminal, Pais
from cli.odd_server import OddServer
from cli.terminal import ARROW_UP, CTRL_C, CTRL_D, Terminal
from host import RunningHost
from until import eventually
from wire import get

AGENT = """
from pydantic_ai import Agent

agent = Agent("test", name="adder")

@agent.tool_plain
def add(a: int, b: int) -> int:
    "Adds two numbers."
    return a + b
"""


def test_a_conversation(open_terminal: OpenTerminal, calc: RunningHost) -> None:
    terminal: Terminal = open_terminal("chat", calc.url)

    greeting = terminal.wait_for_prompt()
    terminal.enter("1+2?")
    answer = terminal.wait_for_prompt()
    terminal.enter("/quit")

    assert f"calc at {calc.url}: AI Agent\n" in greeting
    assert "/help says what can be done" in greeting
    assert "  → tool add\ncalc> It is 3.\n" in answer
    assert terminal.end() == 0


def test_what_another_agent_does_is_shown(open_terminal: OpenTerminal, chief: RunningHost) -> None:
    terminal = open_terminal("chat", chief.url)
    terminal.wait_for_prompt()

    terminal.enter("1+2?")
    answer = terminal.wait_for_prompt()
    terminal.enter("/agents")
    agents = terminal.wait_for_prompt()

    assert "  → agent math\n    → tool add (by math)\nchief> Done.\n" in answer
    assert "agent  math" in agents


def test_an_answer_shows_as_it_comes_and_ctrl_c_stops_it_at_the_server(
    open_terminal: OpenTerminal, slow: RunningHost
) -> None:
    terminal = open_terminal("chat", slow.url, "--session", "stopped")
    terminal.wait_for_prompt()

    terminal.enter("Talk")
    terminal.wait_for("slow> word0 word1")
    terminal.type(CTRL_C)
    terminal.wait_for("(stopped)")
    terminal.wait_for_prompt()

    assert "word199" not in terminal.plain

    def last_event() -> bool:
        events = get(f"{slow.url}/memory/events?session_id=stopped")["events"]
        return bool(events) and events[-1]["event_type"] == "error"

    eventually(last_event, "the turn is remembered as cancelled")
    terminal.type(CTRL_C)
    assert terminal.end() == 130


def test_ctrl_c_at_the_prompt_has_to_be_said_twice(open_terminal: OpenTerminal, calc: RunningHost) -> None:
    terminal = open_terminal("chat", calc.url)
    terminal.wait_for_prompt()

    terminal.interrupt_typing()
    terminal.wait_for("Ctrl-C again leaves.")
    terminal.wait_for_prompt()
    terminal.enter("1+2?")
    terminal.wait_for("It is 3.")
    terminal.wait_for_prompt()
    terminal.interrupt_typing()
    terminal.wait_for("Ctrl-C again leaves.")
    terminal.wait_for_prompt()
    terminal.interrupt_typing()

    assert terminal.end() == 130


def test_arrow_up_brings_back_what_was_typed_also_in_the_next_conversation(
    open_terminal: OpenTerminal, calc: RunningHost, tmp_path: Path
) -> None:
    first = open_terminal("chat", calc.url)
    first.wait_for_prompt()
    first.enter("a question to be found again")
    first.wait_for("It is 3.")
    first.wait_for_prompt()
    first.type(CTRL_D)
    assert first.end() == 0

    second = open_terminal("chat", calc.url)
    second.wait_for_prompt()
    second.type(ARROW_UP)
    second.wait_for("a question to be found again")
    second.type(CTRL_C)

    file = tmp_path / ".local" / "state" / "pais" / "chat_history"
    assert file.stat().st_mode & 0o077 == 0


def test_several_lines_are_one_question(open_terminal: OpenTerminal, calc: RunningHost) -> None:
    terminal = open_terminal("chat", calc.url, "--session", "lines")
    terminal.wait_for_prompt()

    terminal.enter("first \\")
    terminal.wait_for("...> ")
    terminal.enter("second")
    terminal.wait_for("It is 3.")
    terminal.wait_for_prompt()
    for line in ('"""', "one", "", "three", '"""'):
        terminal.enter(line)
    terminal.wait_for("It is 3.")

    asked = get(f"{calc.url}/memory/events?session_id=lines&event_type=user_message")["events"]
    assert [event["content"] for event in asked] == ["first \nsecond", "one\n\nthree"]


def test_what_can_be_done_beside_talking(open_terminal: OpenTerminal, calc: RunningHost, tmp_path: Path) -> None:
    terminal = open_terminal("chat", calc.url, "--session", "tools")
    terminal.wait_for_prompt()
    terminal.enter("1+2?")
    terminal.wait_for("It is 3.")
    terminal.wait_for_prompt()

    def seen(line: str) -> str:
        terminal.enter(line)
        return terminal.wait_for_prompt()

    assert "/sessions" in seen("/help")
    assert "There is no /hlep" in seen("/hlep")
    assert "\ntools\n" in seen("/session")
    assert "* tools" in seen("/sessions")
    assert 'add {"a": 1, "b": 2}' in seen("/events")
    trace = seen("/trace")
    assert "run id  run_" in trace
    assert "0.000 s  user_message" in trace
    assert "agent_response" in trace
    usage = seen("/usage")
    assert "turn  tokens in  out  all  time" in usage
    assert "\nsum " in usage
    assert "Saved in tools.md" in seen("/save")
    assert "Error: tools.md is there already" in seen("/save")
    assert "Saved in said.jsonl" in seen("/save said.jsonl")
    assert "chat_" in seen("/session new")
    assert "Nothing is remembered" in seen("/events")
    assert "was not started here" in seen("/log")

    assert "**You:** 1+2?\n\n- → tool add\n\n**calc:** It is 3.\n" in (tmp_path / "tools.md").read_text("utf-8")
    events = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text("utf-8").splitlines()]
    assert [event["event_type"] for event in events] == ["user_message", "tool_call", "tool_result", "agent_response"]


def test_a_turn_that_fails_does_not_end_the_conversation(open_terminal: OpenTerminal, locked: RunningHost) -> None:
    terminal = open_terminal("chat", locked.url)
    terminal.wait_for_prompt()

    terminal.enter("Hello")
    assert "Error: " in terminal.wait_for_prompt()
    terminal.enter("/events")
    assert "wants an API key" in terminal.wait_for_prompt()


def test_a_key_opens_what_is_locked(open_terminal: OpenTerminal, locked: RunningHost) -> None:
    terminal = open_terminal("chat", locked.url, PAIS_API_KEY=KEY)
    terminal.wait_for_prompt()

    terminal.enter("Hello")
    terminal.wait_for("locked> Come in.")


def test_a_file_is_started_and_ended_with_the_conversation(open_terminal: OpenTerminal, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(AGENT)
    terminal = open_terminal("chat", "server.py", f"--mock={ADDS}", "--mock=It is 3.", AGENT_NAME="adder")

    greeting = terminal.wait_for_prompt()
    url = greeting.partition("adder at ")[2].split(": ")[0]
    assert "  tools    add\n" in greeting
    terminal.enter("1+2?")
    terminal.wait_for("  → tool add\nadder> It is 3.")
    terminal.wait_for_prompt()
    assert get(f"{url}/health")["name"] == "adder"
    terminal.enter("/log")
    assert f"Listening on {url}" in terminal.wait_for_prompt()
    terminal.type(CTRL_D)

    assert terminal.end() == 0
    with pytest.raises(OSError, match="refused"):
        get(f"{url}/health")


def test_a_closed_terminal_ends_the_agent_that_was_started(open_terminal: OpenTerminal, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(AGENT)
    terminal = open_terminal("chat", "own.py:agent", "--mock=Hello!", AGENT_NAME="adder")
    url = terminal.wait_for_prompt().partition("adder at ")[2].split(": ")[0]

    terminal.process.send_signal(signal.SIGHUP)

    assert terminal.end() == 128 + signal.SIGHUP
    with pytest.raises(OSError, match="refused"):
        get(f"{url}/health")


def test_a_file_that_cannot_be_served_says_why(pais: Pais, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")

    outcome = pais("chat", "broken.py")

    assert "ZeroDivisionError" in outcome.stderr
    assert outcome.stderr.endswith("Error: the agent could not be served\n")
    assert outcome.exit_code == 1


def test_a_file_that_is_not_there_is_named(pais: Pais) -> None:
    outcome = pais("chat", "nowhere.py")

    assert outcome.stderr == "Error: File 'nowhere.py' not found\n"
    assert outcome.exit_code == 1


def test_without_an_argument_it_is_the_agent_of_the_usual_port(pais: Pais, calc: RunningHost) -> None:
    outcome = pais("chat", stdin="1+2?\n", env={"AGENT_PORT": calc.url.rpartition(":")[2]})

    assert f"calc at {calc.url}" in outcome.stdout
    assert outcome.stdout.endswith("calc> It is 3.\n")


def test_without_an_argument_and_without_an_agent_it_says_what_to_say(pais: Pais) -> None:
    outcome = pais("chat", env={"AGENT_PORT": "1"})

    assert outcome.stderr == (
        "Error: no agent answers at http://127.0.0.1:1, and there is no server.py here: "
        "say pais chat URL or pais chat FILE\n"
    )
    assert outcome.exit_code == 1


def test_mock_and_env_file_are_for_files(pais: Pais, calc: RunningHost) -> None:
    assert pais("chat", calc.url, "--mock", "Hello").exit_code == 2


def test_without_a_terminal_each_line_is_a_turn(pais: Pais, calc: RunningHost) -> None:
    outcome = pais("chat", calc.url, stdin="1+2?\n\n/usage\n1+2?\n")

    assert outcome.stdout.count("calc> It is 3.\n") == 2
    assert "\x1b" not in outcome.stdout
    assert "you> " not in outcome.stdout
    assert outcome.exit_code == 0


def test_without_a_terminal_a_turn_that_fails_shows_in_the_exit_code(pais: Pais, locked: RunningHost) -> None:
    assert pais("chat", locked.url, stdin="Hello\n").exit_code == 1


def test_no_color_and_a_narrow_terminal(open_terminal: OpenTerminal, calc: RunningHost) -> None:
    terminal = open_terminal("chat", calc.url, columns=24, NO_COLOR="1")
    terminal.wait_for_prompt()

    for line in ("1+2?", "/help", "/events", "/agents"):
        terminal.enter(line)
        terminal.wait_for_prompt()

    assert "\x1b[3" not in terminal.seen
    assert "\x1b[2m" not in terminal.seen


def test_what_a_model_says_cannot_command_the_terminal(open_terminal: OpenTerminal, odd: OddServer) -> None:
    odd.answers(200, json.dumps({"name": "\x1b]0;owned\x07", "description": "\x1b[2J", "skills": [1, {}]}).encode())
    terminal = open_terminal("chat", odd.url)
    terminal.wait_for_prompt()
    odd.streams(json.dumps({"choices": [{"delta": {"content": "a\x1b]0;owned\x07b\x1b[2Jc"}}]}), "[DONE]")

    terminal.enter("Hello")
    terminal.wait_for("a]0;ownedb[2Jc")

    assert "\x1b]0;" not in terminal.seen
    assert "\x1b[2J" not in terminal.seen
