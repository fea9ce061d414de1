"""Our two programs: where they are, and how this process becomes the native host."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

PROGRAM = "pais-host"
PAIS = "from pais.cli import app; app()"


def find_host() -> Path | None:
    """The `pais-host` of this environment, else the first on PATH."""
    installed = Path(sysconfig.get_path("scripts")) / PROGRAM
    if installed.is_file():
        return installed
    found = shutil.which(PROGRAM)
    return Path(found) if found else None


def become_host(program: Path, arguments: Sequence[str]) -> NoReturn:
    """Replaces this process by the native host: no Python stays behind, and signals reach it directly."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(program, [PROGRAM, *arguments])


def pais_command(*words: str) -> list[str]:
    """`pais` of this very installation, whatever PATH says."""
    return [sys.executable, "-c", PAIS, *words]
