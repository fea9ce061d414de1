"""`pais config`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from pais.cli.arguments import AsJson, EnvFile, usual_target
from pais.cli.failing import fail
from pais.native import PROGRAM, become_host, find_host

Changed = Annotated[bool, typer.Option("--changed", help="Only what is not as it would be by itself.")]


def config(env_file: EnvFile = None, changed: Changed = False, as_json: AsJson = False) -> None:
    """Print the settings, and where each comes from.

    It is what `pais-host --check` prints: nothing is started, and no secret is shown. docs/configuration.md says what
    each means, as does `pais-host --help`. Example: pais config --changed
    """
    program = find_host()
    if program is None:
        fail(f"{PROGRAM} is not installed beside this Python; reinstall pais")
    words = check_words(env_file)
    if not changed and not as_json:
        become_host(program, words)
    told = subprocess.run([program, *words], stdout=subprocess.PIPE, text=True, errors="replace", check=False)
    if told.returncode != 0:
        raise typer.Exit(told.returncode)
    found = [setting for setting in settings_told(told.stdout) if not changed or setting["source"] != "default"]
    if as_json:
        print(json.dumps(found))
        return
    for setting in found:
        sys.stdout.write(f"{setting['name']}={setting['value']}  # {setting['source']}\n")


def check_words(env_file: str | None) -> list[str]:
    """As `pais run` would start it here: an agent of a file that has no name is called after the folder."""
    words = ["--check", *([f"--env-file={env_file}"] if env_file else [])]
    if usual_target() and not is_named(env_file or ""):
        words.append(f"--name={Path.cwd().name}")
    return words


def is_named(env_file: str) -> bool:
    from pais.environment import FileVariables, restored

    with restored():
        FileVariables(env_file).place()
        return any(name.upper() == "AGENT_NAME" and value for name, value in os.environ.items())


def settings_told(text: str) -> list[dict[str, str]]:
    """`NAME=value  # source` of each line; a value may go over several."""
    found: list[dict[str, str]] = []
    begun = ""
    for line in text.splitlines():
        begun = f"{begun}\n{line}" if begun else line
        told, mark, source = begun.rpartition("  # ")
        if mark:
            name, _, value = told.partition("=")
            found.append({"name": name, "value": value, "source": source})
            begun = ""
    return found
