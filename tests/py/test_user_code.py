"""User code that blocks, ends, forks or takes its time: it costs its own turn, and nobody else's."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest

import wire
from conformance.wire import Answer
from running_file import RunningFile
from served import Served
from until import until

Serve = Callable[..., Served]

# A tool's name stands in the prompt: the model calls it, and then says what it returned.
CALLER = """
import asyncio, os, sys, time, threading
from pathlib import Path
from pydantic_ai import Agent
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel

def call_what_is_asked_for(messages, info):
    said = messages[-1].parts[-1]
    if isinstance(said, ToolReturnPart):
        return ModelResponse(parts=[TextPart(str(said.content))])
    if said.content in {tool.name for tool in info.function_tools}:
        return ModelResponse(parts=[ToolCallPart(said.content, {})])
    return ModelResponse(parts=[TextPart(f"you said {said.content}")])

agent = Agent(FunctionModel(call_what_is_asked_for))
gate = Path("gate")

def wait_for_gate():
    while not gate.exists():
        time.sleep(0.01)
"""


def test_a_sync_tool_that_waits_delays_no_other_run(serve: Serve, tmp_path: Path) -> None:
    served = serve(CALLER + "\n@agent.tool_plain\ndef wait() -> str:\n    wait_for_gate()\n    return 'waited'\n")
    waiting = [served.ask("wait") for _ in range(60)]  # more than a thread pool of the usual size

    answer = served.chat("hello")

    assert answer.text == "you said hello"
    assert served.get("/health").status == 200
    (tmp_path / "gate").touch()
    assert {asking.answer().text for asking in waiting} == {"waited"}


def test_an_async_tool_that_blocks_is_named_in_the_log(serve: Serve, tmp_path: Path) -> None:
    served = serve(CALLER + "\n@agent.tool_plain\nasync def block() -> str:\n    wait_for_gate()\n    return 'x'\n")
    blocking = served.ask("block")

    told = until(lambda: "has been blocked for over a second" in served.output)

    assert told, served.output
    assert "wait_for_gate" in served.output, "the stack names the guilty function"
    assert served.get("/health").status == 200
    (tmp_path / "gate").touch()
    assert blocking.answer().text == "x"


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_tool_that_calls_exit_fails_its_turn_alone(serve: Serve, kind: str) -> None:
    served = serve(CALLER + f"\n@agent.tool_plain\n{kind} leave() -> str:\n    sys.exit('s3cret')\n")

    refused = served.chat("leave")

    assert refused.refusal == (500, "tool_failed")
    assert "s3cret" not in str(refused.body)
    assert served.chat("hello").text == "you said hello"


def test_a_child_that_a_tool_forks_takes_no_part_in_serving(serve: Serve, tmp_path: Path) -> None:
    served = serve(
        CALLER
        + """
@agent.tool_plain
async def fork() -> str:
    child = os.fork()
    if child == 0:
        Path("child-was-here").touch()
        sys.exit(3)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return f"the child ended with {os.waitstatus_to_exitcode(status)}"
        await asyncio.sleep(0.01)
"""
    )

    answer = served.chat("fork")

    assert answer.text == "the child ended with 3"
    assert (tmp_path / "child-was-here").exists()
    assert served.chat("hello").text == "you said hello"


@pytest.mark.parametrize(("end", "code"), [("sys.exit(3)", 3), ("return 'x'", 0), ("raise KeyError", 1)])
def test_a_child_that_a_sync_tool_forks_ends_with_its_code(serve: Serve, end: str, code: int) -> None:
    served = serve(
        CALLER
        + f"""
@agent.tool_plain
def fork() -> str:
    child = os.fork()
    if child == 0:
        {end}
    _, status = os.waitpid(child, 0)
    return f"the child ended with {{os.waitstatus_to_exitcode(status)}}"
"""
    )

    answer = served.chat("fork")

    assert answer.text == f"the child ended with {code}"
    assert served.chat("hello").text == "you said hello"


def test_a_subprocess_is_a_tools_own_business(serve: Serve) -> None:
    served = serve(
        CALLER
        + """
@agent.tool_plain
async def run() -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(6 * 7)", stdout=-1)
    out, _ = await process.communicate()
    return out.decode().strip()
"""
    )

    assert served.chat("run").text == "42"


def test_a_tool_that_never_returns_does_not_keep_the_server_from_ending(serve: Serve, tmp_path: Path) -> None:
    served = serve(
        CALLER + "\n@agent.tool_plain\ndef sleep() -> str:\n    Path('began').touch()\n    threading.Event().wait()\n",
        PAIS_SHUTDOWN_GRACE_SECONDS="0",
    )
    served.ask("sleep")
    assert until((tmp_path / "began").exists)

    served.host.ask_to_end()

    assert served.host.wait() == 0


def test_health_is_answered_while_the_file_is_imported(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(CALLER + "\nwait_for_gate()\n")
    host = RunningFile("server.py", {}, tmp_path)
    host.wait_until_listening()
    try:
        assert wire.get(host.url + "/health")["status"] == "healthy"
        with pytest.raises(urllib.error.HTTPError) as refused:
            wire.get(host.url + "/ready")
        with refused.value as answer:
            assert answer.status == 503
            assert b'"reason":"starting"' in answer.read()

        (tmp_path / "gate").touch()
        host.wait_until_loaded()
        assert wire.ask(host.url, "hello") == "you said hello"
    finally:
        assert host.stop() == 0


def test_an_end_that_is_asked_for_during_the_import_is_polite(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(CALLER + "\nwait_for_gate()\n")
    host = RunningFile("server.py", {}, tmp_path)
    host.wait_until_listening()

    assert host.stop() == 0


def answer_of(served: Served) -> str:
    answer: Answer = served.chat("?")
    return answer.text


CONSTANT = """
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from words import WORD

agent = Agent(TestModel(custom_output_text=WORD))
"""


def test_changed_code_is_taken_up_and_sessions_stay(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("WORD = 'one'\n")
    served = serve(CONSTANT, "--reload")
    assert served.chat("?", session_id="s").text == "one"

    (tmp_path / "words.py").write_text("WORD = 'two'\n")

    assert until(lambda: answer_of(served) == "two"), served.output
    assert [content for kind, content in served.told("s") if kind == "agent_response"] == ["one"]


def test_a_changed_env_file_is_read_by_the_code_anew(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("from pathlib import Path\nWORD = Path('.env').read_text().partition('=')[2]\n")
    (tmp_path / ".env").write_text("WORD=one")
    served = serve(CONSTANT, "--reload")
    assert answer_of(served) == "one"

    (tmp_path / ".env").write_text("WORD=three")

    assert until(lambda: answer_of(served) == "three"), served.output


def test_code_that_does_not_load_leaves_the_old_code_serving(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("WORD = 'one'\n")
    served = serve(CONSTANT, "--reload")

    (tmp_path / "words.py").write_text("WORD = \n")

    assert until(lambda: "SyntaxError" in served.output), served.output
    assert answer_of(served) == "one"
    assert "words.py" in served.output

    (tmp_path / "words.py").write_text("WORD = 'three'\n")

    assert until(lambda: answer_of(served) == "three"), served.output


def test_a_changed_variable_of_the_env_file_is_in_the_environment_of_the_new_code(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("import os\nWORD = os.environ['WORD'] + os.environ['SAID']\n")
    (tmp_path / ".env").write_text("WORD=one\nSAID=inside")
    served = serve(CONSTANT, "--reload", SAID="outside")
    assert answer_of(served) == "oneoutside"

    (tmp_path / ".env").write_text("WORD=three\nSAID=inside")

    assert until(lambda: answer_of(served) == "threeoutside"), served.output


def test_new_code_is_loaded_as_at_the_first_time(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("WORD = 'one'\n")
    served = serve(CONSTANT, "--reload")

    (tmp_path / "words.py").write_text("import asyncio\nasyncio.get_event_loop()\nWORD = 'two'\n")
    assert until(lambda: answer_of(served) == "two"), served.output

    handles = "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)\nsignal.signal(signal.SIGTERM, print)\n"
    (tmp_path / "words.py").write_text(handles + "WORD = 'three'\n")
    assert until(lambda: answer_of(served) == "three"), served.output

    (tmp_path / "server.py").write_text(CONSTANT + "another = Agent('test')\n")
    assert until(lambda: "agent is served, not another" in served.output), served.output

    (tmp_path / "words.py").write_text("1 / 0\n")
    assert until(lambda: "ZeroDivisionError" in served.output), served.output
    assert "words.py" in served.output
    assert all(file not in served.output for file in ("threads.py", "thread.py"))


def test_a_run_ends_on_the_code_it_began_with(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    text = CALLER + (
        "\nfrom words import WORD\n"
        "\n@agent.tool_plain\ndef wait() -> str:\n    Path('began').touch()\n    wait_for_gate()\n    return WORD\n"
        "\n@agent.tool_plain\ndef word() -> str:\n    return WORD\n"
    )
    served = serve(text, "--reload")
    waiting = served.ask("wait")
    assert until((tmp_path / "began").exists)

    (tmp_path / "words.py").write_text("WORD = 'new'\n")
    assert until(lambda: served.chat("word").text == "new"), served.output
    (tmp_path / "gate").touch()

    assert waiting.answer().text == "old"
