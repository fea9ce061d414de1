"""`pais query`, and what all commands say of a server that does not answer as one should."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from cli.conftest import KEY, Pais
from cli.odd_server import OddServer
from host import RunningHost
from running_file import pais as pais_command
from until import eventually
from wire import get


def test_an_answer_is_printed(pais: Pais, calc: RunningHost) -> None:
    outcome = pais("query", calc.url, "1+2?")

    assert outcome.stdout == "It is 3.\n"
    assert outcome.stderr == ""
    assert outcome.exit_code == 0


@pytest.mark.parametrize("words", [["-"], []])
def test_a_question_may_come_on_stdin(pais: Pais, calc: RunningHost, words: list[str]) -> None:
    outcome = pais("query", calc.url, *words, "--session", "from-stdin", stdin="What is\n1+2?\n")

    assert outcome.stdout == "It is 3.\n"
    asked = get(f"{calc.url}/memory/events?session_id=from-stdin&event_type=user_message")["events"]
    assert asked[-1]["content"] == "What is\n1+2?"


def test_no_question_is_a_usage_error(pais: Pais, calc: RunningHost) -> None:
    outcome = pais("query", calc.url, stdin="\n")

    assert outcome.stderr == "Error: there is no question: say it after the URL, or on stdin\n"
    assert outcome.exit_code == 2


def test_a_stream_shows_tools_beside_the_answer(pais: Pais, calc: RunningHost) -> None:
    outcome = pais("query", calc.url, "1+2?", "--stream")

    assert outcome.stdout == "It is 3.\n"
    assert outcome.stderr == "→ tool add\n"


def test_a_stream_shows_delegations_and_what_the_other_does(pais: Pais, chief: RunningHost) -> None:
    outcome = pais("query", chief.url, "1+2?", "--stream")

    assert outcome.stdout == "Done.\n"
    assert outcome.stderr == "→ agent math\n  → tool add (by math)\n"


def test_json_is_what_the_server_sent(pais: Pais, calc: RunningHost) -> None:
    answer = json.loads(pais("query", calc.url, "1+2?", "--json", "--session", "s1").stdout)

    assert answer["choices"][0]["message"]["content"] == "It is 3."
    assert answer["id"] == "s1"
    assert answer["usage"]["total_tokens"] > 0


def test_a_stream_as_json_is_a_line_for_each_message(pais: Pais, calc: RunningHost) -> None:
    lines = [json.loads(line) for line in pais("query", calc.url, "1+2?", "--json", "--stream").stdout.splitlines()]

    assert [line["target"] for line in lines if line.get("type") == "progress"] == ["add"]
    assert "".join(line["choices"][0]["delta"].get("content", "") for line in lines if line["choices"]) == "It is 3."
    assert lines[-1]["usage"]["total_tokens"] > 0


def test_ctrl_c_ends_the_run_at_the_server(slow: RunningHost, tmp_path: Path) -> None:
    asking = subprocess.Popen(
        pais_command("query", slow.url, "Talk", "--stream", "--session", "broken-off"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert asking.stdout is not None
    with asking.stdout as answer:
        assert answer.read(5) == "word0"
        asking.send_signal(signal.SIGINT)
        assert asking.wait(30) == 130

    def cancelled() -> bool:
        events = get(f"{slow.url}/memory/events?session_id=broken-off")["events"]
        return bool(events) and events[-1]["event_type"] == "error"

    eventually(cancelled, "the turn is remembered as cancelled")


@pytest.mark.parametrize("words", [["card"], ["query", "Hello"]])
def test_ctrl_c_is_heard_while_a_server_is_silent(odd: OddServer, tmp_path: Path, words: list[str]) -> None:
    odd.speaks.clear()
    asking = subprocess.Popen(
        pais_command(words[0], odd.url, *words[1:]), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert odd.is_asked.wait(30)

    asking.send_signal(signal.SIGINT)
    _, said = asking.communicate(timeout=20)  # less than it waits for the server

    assert asking.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("options", "env"),
    [
        (["--api-key", KEY], {}),
        ([], {"PAIS_API_KEY": KEY}),
        ([], {"AGENT_API_KEY": f"{KEY},another"}),
        (["--api-key", KEY], {"PAIS_API_KEY": "wrong"}),
    ],
)
def test_a_key_opens_what_is_locked(pais: Pais, locked: RunningHost, options: list[str], env: dict[str, str]) -> None:
    assert pais("query", locked.url, "Hello", *options, env=env).stdout == "Come in.\n"


def test_without_a_key_one_is_asked_for(pais: Pais, locked: RunningHost) -> None:
    outcome = pais("query", locked.url, "Hello")

    assert outcome.stderr == f"Error: {locked.url} wants an API key: --api-key or PAIS_API_KEY\n"
    assert outcome.exit_code == 1


def test_a_wrong_key_is_not_repeated(pais: Pais, locked: RunningHost) -> None:
    outcome = pais("query", locked.url, "Hello", "--api-key", "swordfish")

    assert outcome.stderr == f"Error: {locked.url} does not take this API key\n"
    assert "swordfish" not in outcome.output


def test_help_does_not_show_the_key_of_the_environment(pais: Pais) -> None:
    assert "sesame" not in pais("query", "--help", env={"PAIS_API_KEY": KEY}).output


def test_a_key_that_no_header_can_carry_is_a_usage_error(pais: Pais) -> None:
    outcome = pais("query", "http://127.0.0.1:1", "Hello", "--api-key", "two\nlines")

    assert outcome.stderr == "Error: the API key holds what no header can carry\n"
    assert outcome.exit_code == 2


@pytest.mark.parametrize("url", ["localhost", "ftp://127.0.0.1", "http://", "http://a:b:c", "server.py", "http://h?x"])
def test_what_is_no_url_is_a_usage_error(pais: Pais, url: str) -> None:
    outcome = pais("query", url, "Hello")

    assert outcome.stderr.startswith(f"Error: {url!r} is not ")
    assert outcome.stderr.count("\n") == 1
    assert outcome.exit_code == 2


def test_a_password_in_a_url_is_not_repeated(pais: Pais) -> None:
    outcome = pais("query", "http://me:hush@127.0.0.1:1", "Hello")

    assert "hush" not in outcome.output
    assert outcome.exit_code == 2


@pytest.mark.parametrize("kind", ["{}", "{}/", "{}/v1", "{}/v1/chat/completions", "{}/.well-known/agent.json"])
def test_any_address_of_a_server_is_its_url(pais: Pais, calc: RunningHost, kind: str) -> None:
    assert pais("query", kind.format(calc.url), "1+2?").stdout == "It is 3.\n"
    assert pais("query", kind.format(calc.url).removeprefix("http://"), "1+2?").exit_code == (0 if kind == "{}" else 2)


def test_nobody_there_is_one_sentence(pais: Pais) -> None:
    outcome = pais("query", "http://127.0.0.1:1", "Hello")

    assert outcome.stderr == "Error: http://127.0.0.1:1 cannot be reached: Connection refused\n"
    assert outcome.exit_code == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"\x00\xff\x1b[31mSSH-2.0-garbage\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{"choices": ""',
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: [1]\n\n",
        b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: {"choices": 1}\n\n',
    ],
)
@pytest.mark.parametrize("words", [["query", "{}", "Hello", "--stream"], ["card", "{}"], ["sessions", "list", "{}"]])
def test_what_no_agent_server_sends_is_one_sentence(pais: Pais, odd: OddServer, reply: bytes, words: list[str]) -> None:
    odd.reply = reply

    outcome = pais(*(word.format(odd.url) for word in words))

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Error: ")
    assert outcome.stderr.count("\n") == 1
    assert "\x1b" not in outcome.stderr


def test_an_answer_that_is_too_long_is_given_up(pais: Pais, odd: OddServer) -> None:
    odd.answers(200, b'{"choices": "' + b"x" * (17 * 1024 * 1024) + b'"}')

    outcome = pais("query", odd.url, "Hello")

    assert outcome.stderr.startswith(f"Error: {odd.url} sent what cannot be used: ")
    assert outcome.exit_code == 1


def test_a_failure_in_a_stream_keeps_what_came_before(pais: Pais, odd: OddServer) -> None:
    odd.streams(
        json.dumps({"choices": [{"delta": {"content": "It is"}}]}),
        json.dumps({"error": {"message": "The model stopped answering.", "code": "model_error"}}),
        "[DONE]",
    )

    outcome = pais("query", odd.url, "Hello", "--stream")

    assert outcome.stdout == "It is\n"
    assert outcome.stderr == "Error: The model stopped answering.\n"
    assert outcome.exit_code == 1


def test_what_a_model_says_cannot_command_the_terminal(pais: Pais, odd: OddServer) -> None:
    said = "\x1b]0;owned\x07red\x1b[31m\u009b1m\u202eevil\ud800\r\nend\ttab"
    odd.streams(json.dumps({"choices": [{"delta": {"content": said}}]}), "[DONE]")

    assert pais("query", odd.url, "Hello", "--stream").stdout == "]0;ownedred[31m1mevil?\nend\ttab\n"


def test_what_a_server_says_of_an_error_cannot_command_the_terminal(pais: Pais, odd: OddServer) -> None:
    odd.answers(500, json.dumps({"error": {"message": "\x1b[2J\nboom " + "x" * 1000}}).encode())

    said = pais("query", odd.url, "Hello").stderr

    assert said.startswith(f"Error: {odd.url} answered 500: [2J boom xxx")
    assert said.count("\n") == 1
    assert len(said) < 400
