"""`pais sessions` and `pais card`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from cli.conftest import KEY, OpenTerminal, Pais
from cli.odd_server import OddServer
from conftest import StartHost
from host import RunningHost
from running_file import pais as pais_command
from wire import get, post


def talk(url: str, *sessions: str) -> None:
    for session in sessions:
        post(f"{url}/v1/chat/completions", {"session_id": session, "messages": [{"role": "user", "content": "Hi"}]})


def test_sessions_are_listed_a_line_each(pais: Pais, calc: RunningHost) -> None:
    talk(calc.url, "listed-1", "listed-2")

    plain = pais("sessions", "list", calc.url)
    listed = json.loads(pais("sessions", "list", calc.url, "--json").stdout)

    assert {"listed-1", "listed-2"} <= set(plain.stdout.splitlines())
    assert plain.stdout.splitlines() == listed


def test_a_session_is_shown(pais: Pais, calc: RunningHost) -> None:
    talk(calc.url, "shown")

    lines = [line.split("\t")[1:] for line in pais("sessions", "show", calc.url, "shown").stdout.splitlines()]
    newest = json.loads(pais("sessions", "show", calc.url, "shown", "--json", "--limit", "1").stdout)

    assert lines[0] == ["user_message", "Hi"]
    assert lines[1] == ["tool_call", 'add {"a": 1, "b": 2}']
    assert lines[-1] == ["agent_response", "It is 3."]
    assert [event["event_type"] for event in newest] == ["agent_response"]


def test_a_session_nobody_knows_is_named(pais: Pais, calc: RunningHost) -> None:
    for words in (["show"], ["delete"], ["export"]):
        outcome = pais("sessions", *words, calc.url, "no/such session")

        assert outcome.stderr == "Error: there is no session 'no/such session'\n"
        assert outcome.exit_code == 1


def test_sessions_are_exported_as_the_server_has_them(pais: Pais, calc: RunningHost, tmp_path: Path) -> None:
    talk(calc.url, "out-1", "out-2")
    file = tmp_path / "all.jsonl"

    one = pais("sessions", "export", calc.url, "out-1").stdout
    assert pais("sessions", "export", calc.url, "--output", str(file)).stdout == ""

    assert [json.loads(line) for line in one.splitlines()] == get(f"{calc.url}/memory/events?session_id=out-1")[
        "events"
    ]
    assert one in file.read_text("utf-8")


def test_a_file_that_cannot_be_written_is_one_sentence(pais: Pais, calc: RunningHost) -> None:
    outcome = pais("sessions", "export", calc.url, "--output", "no/such/folder")

    assert outcome.stderr == "Error: no/such/folder cannot be written: No such file or directory\n"
    assert outcome.exit_code == 1


def test_sessions_are_forgotten(pais: Pais, start_host: StartHost) -> None:
    host = start_host("--name=brief", "--mock=Hello!")
    talk(host.url, "a", "b", "c", "d/e f")

    assert pais("sessions", "delete", host.url, "a", "d/e f").exit_code == 0
    assert pais("sessions", "list", host.url).stdout == "b\nc\n"

    refused = pais("sessions", "clear", host.url)
    assert refused.exit_code == 2
    assert refused.stderr == "Error: nobody can be asked here; say --yes\n"

    assert pais("sessions", "clear", host.url, "--yes").stdout == "2 session(s) forgotten\n"
    assert pais("sessions", "list", host.url, "--json").stdout == "[]\n"


def test_who_sits_at_a_terminal_is_asked_before_all_is_forgotten(
    open_terminal: OpenTerminal, start_host: StartHost
) -> None:
    host = start_host("--name=brief", "--mock=Hello!")
    talk(host.url, "kept")

    terminal = open_terminal("sessions", "clear", host.url)
    terminal.wait_for(f"Forget 1 session(s) of {host.url}?")
    terminal.enter("n")

    assert terminal.end() == 1
    assert get(f"{host.url}/memory/sessions")["sessions"] == ["kept"]


def test_a_memory_that_is_not_shown_is_said_so(pais: Pais, start_host: StartHost) -> None:
    host = start_host("--name=shy", "--mock=Hello!", PAIS_MEMORY_ENDPOINTS="off")

    for words in (["list", host.url], ["show", host.url, "x"], ["delete", host.url, "x"]):
        outcome = pais("sessions", *words)

        assert outcome.stderr == f"Error: {host.url} does not show its memory (PAIS_MEMORY_ENDPOINTS)\n"
        assert outcome.exit_code == 1


def test_a_locked_server_wants_its_key(pais: Pais, locked: RunningHost) -> None:
    refused = pais("sessions", "list", locked.url)

    assert "wants an API key" in refused.stderr
    assert refused.exit_code == 1
    assert pais("sessions", "list", locked.url, "--api-key", KEY).exit_code == 0


def test_names_of_sessions_cannot_command_the_terminal(pais: Pais, odd: OddServer) -> None:
    odd.answers(200, json.dumps({"sessions": ["\x1b[31mred\n"]}).encode())

    assert pais("sessions", "list", odd.url).stdout == "[31mred\n"


def test_an_export_cannot_command_the_terminal_but_goes_into_a_file_as_it_is(
    pais: Pais, open_terminal: OpenTerminal, odd: OddServer
) -> None:
    odd.answers(200, b'{"content": "\x1b[2Jred\xc2\x9b"}\n')

    terminal = open_terminal("sessions", "export", odd.url, "one")

    assert terminal.end() == 0
    assert terminal.plain == '{"content": "[2Jred"}\n'
    assert pais("sessions", "export", odd.url, "one").stdout_bytes == b'{"content": "\x1b[2Jred\xc2\x9b"}\n'


def test_a_reader_that_has_seen_enough_is_no_failure_to_talk_about(odd: OddServer, tmp_path: Path) -> None:
    odd.answers(200, json.dumps({"sessions": ["x" * 1000] * 1000}).encode())
    listing = subprocess.Popen(
        pais_command("sessions", "list", odd.url), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert listing.stdout is not None
    listing.stdout.close()
    assert listing.stderr is not None
    with listing.stderr as said:
        assert b"Traceback" not in said.read()

    assert listing.wait(30) == 1


def test_a_card_is_shown(pais: Pais, calc: RunningHost, chief: RunningHost) -> None:
    shown = pais("card", calc.url).stdout

    assert shown.startswith("calc  AI Agent\n")
    assert f"  address       {calc.url}\n" in shown
    assert json.loads(pais("card", chief.url, "--json").stdout) == get(f"{chief.url}/.well-known/agent.json")
