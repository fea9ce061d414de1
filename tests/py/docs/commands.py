"""The commands of a block, taken apart as far as a reader has to: one that serves stays in its terminal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

ASSIGNMENTS = r"(?:\w+=(?:'[^']*'|\"[^\"]*\"|[^\s'\"])* +)*"
PROGRAMS = r"pais run|pais-host|uvicorn|python server\.py|\./serve"
SERVES = re.compile(rf"^(?P<before>{ASSIGNMENTS})(?P<program>{PROGRAMS})(?P<rest>(?: .*)?)$", re.DOTALL)
TELLS_ITS_PORT = ("pais run", "pais-host", "uvicorn")
ENDS_BY_ITSELF = re.compile(r" --(check|help|healthcheck|version)\b")
PORT = re.compile(r"(?<= )(?:--port[ =]|-p )(\d+)")
DEFAULT_PORT = "8000"


@dataclass(frozen=True)
class Step:
    """Lines of a shell, and perhaps a `server` after them that goes on, at the port that the page calls `port`."""

    script: str
    server: str = ""
    port: str = ""


def steps_of(text: str, *, all_end: bool = False) -> Iterator[Step]:
    """With `all_end` nothing serves: what the page shows is how a start fails."""
    waiting: list[str] = []
    for line in lines_of(text):
        served = SERVES.match(line)
        if served is None or all_end or ENDS_BY_ITSELF.search(line):
            waiting.append(line)
            continue
        yield Step("\n".join(waiting), on_any_port(served), port_of(line))
        waiting = []
    if waiting:
        yield Step("\n".join(waiting))


def lines_of(text: str) -> Iterator[str]:
    """Whole lines: with what is continued, is still in quotes, or is a document in the shell's own way."""
    line = ""
    until = None
    for piece in text.splitlines():
        line += ("\n" if line else "") + piece
        if until is None and (document := re.search(r"<<-?\s*'?(\w+)'?", piece)):
            until = document[1]
        elif until is not None:
            until = None if piece.strip() == until else until
        if until is None and not piece.endswith("\\") and is_whole(line):
            yield line
            line = ""
    assert not line, f"this command has no end: {line}"


def is_whole(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return "<<" in line
    return True


def port_of(line: str) -> str:
    named = PORT.search(line)
    return named[1] if named else DEFAULT_PORT


def on_any_port(served: re.Match[str]) -> str:
    """On the command line; or else by PORT, as `./serve` of an example has it, or by AGENT_PORT."""
    program, rest = served["program"], served["rest"]
    if program in TELLS_ITS_PORT:
        return f"{served['before']}exec {program} --port 0{PORT.sub('', rest)}"
    return f"AGENT_PORT=0 {served['before']}exec {program}{rest}"
