"""What goes into the image and the wheel is named by version and hash, so that nobody puts another thing there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKED = re.compile(r"[a-z0-9][a-z0-9.-]*==[\w.]+( --hash=sha256:[0-9a-f]{64})+")


def lines_of(file: str) -> list[str]:
    """Without comments, and each that goes on below as one."""
    whole = re.sub(r" *\\\n\s*", " ", (ROOT / file).read_text())
    return [line.strip() for line in whole.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("lock", ["image", "build"])
def test_a_lock_names_each_package_once_with_its_hashes(lock: str) -> None:
    locked = lines_of(f"scripts/{lock}.lock")
    names = [line.partition("==")[0] for line in locked]

    assert [line for line in locked if not LOCKED.fullmatch(line)] == []
    assert sorted({*names}) == names
    wanted = {re.split(r"[\[>=<]", line)[0] for line in lines_of(f"scripts/{lock}.in")}
    assert wanted - {*names} == set()


def test_what_pais_needs_is_in_the_image() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    needed = re.findall(r'"([a-z-]+)>=', re.search(r"^dependencies = \[(.*?)\]", project, re.MULTILINE | re.DOTALL)[1])  # type: ignore[index]

    assert len(needed) > 5
    assert {*needed} - {line.partition("==")[0] for line in lines_of("scripts/image.lock")} == set()


@pytest.mark.parametrize("file", ["Dockerfile", "scripts/wheel"])
def test_nothing_is_installed_but_what_is_locked(file: str) -> None:
    commands = [
        command
        for line in lines_of(file)
        for command in re.findall(r'pip"? (?:install|wheel) (?:(?!&&).)*', line)
        if not command.endswith('"$wheel"')  # to try what was built
    ]

    assert len(commands) > 1
    for command in commands:
        ours = "--no-build-isolation" in command and "--no-deps" in command
        assert ours or "--require-hashes" in command, command
