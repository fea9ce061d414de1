"""docs/cli.md is written from the commands' own help."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from textwrap import fill
from typing import Any, get_args, get_type_hints

import pytest
import typer

from pais.cli import app
from pais.cli.chat_commands import COMMANDS

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
ENGINE = "<!-- not run: it takes a container engine -->\n"  # the other examples are: tests/py/docs
BAR = "\\|"  # one that ends no cell of a table
KINDS = {int: "NUMBER", Path: "PATH"}
HEAD = """# The command line

<!-- Written from the help of the commands: PAIS_UPDATE_DOCS=1 pytest tests/py/cli/test_page.py -->

Every command has `--help`. What goes wrong is said in one sentence on stderr. Exit codes: 0, 1 when it failed, 2 when
what was typed or configured cannot be meant, 130 after Ctrl-C. `pais --install-completion` teaches the shell to
complete commands and options. Text of models and servers reaches the terminal without its control characters;
`NO_COLOR` is honoured, and what is piped is plain.

A key for a server that wants one is best kept in `PAIS_API_KEY` (or `AGENT_API_KEY`): what is typed, others can see.
"""


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for each, inner in command.commands.items():
            yield from commands(inner, f"{name} {each}")
    else:
        yield name, command


ALL = dict(commands(typer.main.get_command(app), "pais"))


def page() -> str:
    return HEAD + "".join(section(name, command) for name, command in ALL.items())


def section(name: str, command: Any) -> str:
    summary, _, rest = command.help.partition("\n\n")
    text, example = " ".join(rest.split()).split("Example: ") if "Example: " in rest else (rest, "")
    return "\n".join(
        [
            f"\n## {name}\n",
            fill(f"{summary} {text}", 120) + "\n",
            *([ENGINE] if name == "pais build" else []),
            f"    {example}\n",
            "| | |\n|---|---|",
            *(row(each, command) for each in command.params),
            *(said_in_chat() if name == "pais chat" else ()),
            "",
        ]
    )


def said_in_chat() -> Iterator[str]:
    yield "\nWhat can be said beside questions:\n\n| | |\n|---|---|"
    for each in COMMANDS.values():
        if each.does:
            yield f"| `{each.words.replace('|', BAR)}` | {each.does} |"


def row(parameter: Any, command: Any) -> str:
    if parameter.param_type_name == "argument":
        names = parameter.metavar or parameter.name.upper()
    else:
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        if not parameter.is_flag:
            names += f" {value_of(parameter, command)}"
    help_ = parameter.help.replace("|", BAR)
    if variables := getattr(parameter, "envvar", None):
        help_ += f" Or `{'` or `'.join(variables)}`."
    default = parameter.default
    shown = "" if default in (None, False, True, [], ()) or "default" in help_ else f" Default: `{default}`."
    return f"| `{names.replace('|', BAR)}` | {help_}{shown} |"


def value_of(parameter: Any, command: Any) -> str:
    """What stands for it: the choices, its metavar, or its kind."""
    kind = get_type_hints(command.callback)[parameter.name]
    kinds = [each for each in get_args(kind) or (kind,) if each is not type(None)]
    if isinstance(kinds[0], type) and issubclass(kinds[0], Enum):
        return "|".join(each.value for each in kinds[0])
    return parameter.metavar or KINDS.get(kinds[0], "TEXT")


def test_the_page_is_the_one_in_the_repository() -> None:
    if "PAIS_UPDATE_DOCS" in os.environ:
        PAGE.write_text(page(), encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == page(), (
        "docs/cli.md is not what the commands' help says. "
        "Write it anew: PAIS_UPDATE_DOCS=1 pytest tests/py/cli/test_page.py"
    )


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    command = ALL[name]

    assert re.search(rf"Example: {name}\b", " ".join(command.help.split()))
    for parameter in command.params:
        assert parameter.help, f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize(("words", "expected"), [("pais se", "sessions"), ("pais sessions ex", "export")])
def test_the_shell_completes_commands(words: str, expected: str) -> None:
    outcome = subprocess.run(
        [Path(sys.executable).parent / "pais"],
        env={
            **os.environ,
            "_PAIS_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert outcome.stdout.split() == [expected]


def test_starting_imports_nothing_heavy() -> None:
    heavy = ["rich.console", "pydantic", "pydantic_ai", "pais._core", "asyncio", "http.client"]
    code = f"import sys, pais.cli; print([name for name in {heavy} if name in sys.modules])"

    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert outcome.stdout == "[]\n"
