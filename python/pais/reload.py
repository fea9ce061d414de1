"""Taking up changed code while the host serves: the socket, the sessions and the runs in flight stay.

The project's modules are imported anew, all of them; runs that have begun keep the agent they began with, and with it
the modules it came from. Code that does not load changes nothing.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from pais.environment import FileVariables
from pais.load import Found, Target, load_agent

IGNORED = frozenset({"__pycache__", "node_modules", "site-packages"})
MOST_FILES = 5000

Stamp = tuple[int, int]


class Project:
    """The Python files below the folder of a target, and the `.env` that its code may read."""

    def __init__(self, target: str, variables: FileVariables) -> None:
        self.target = target
        self._variables = variables
        self._folder = Target(target).folder
        self._seen = self._stamps()

    def has_changed(self) -> bool:
        """Since the last time it was asked."""
        before, self._seen = self._seen, self._stamps()
        return before != self._seen

    def try_to_load(self) -> Found | Exception | SystemExit:
        """As `load`, from a thread that has a loop as the main thread has one. A failure is caught here: further out,
        the frames of the thread's pool would stand among the user's."""
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            return self.load()
        except (Exception, SystemExit) as failure:
            return failure
        finally:
            asyncio.set_event_loop(None)

    def load(self) -> Found:
        """The agent as the files have it now. When they have none, what was imported before stays so."""
        self._variables.place()
        before = {name: sys.modules.pop(name) for name in list(self._modules())}
        importlib.invalidate_caches()
        try:
            return load_agent(self.target)
        except BaseException:
            for name in list(self._modules()):
                del sys.modules[name]
            sys.modules.update(before)
            raise

    def _modules(self) -> Iterator[str]:
        for name, module in list(sys.modules.items()):
            if name != "__main__" and is_below(module, self._folder):
                yield name

    def _stamps(self) -> dict[str, Stamp]:
        stamps: dict[str, Stamp] = {}
        for folder, folders, files in os.walk(self._folder):
            folders[:] = [name for name in folders if name not in IGNORED and not name.startswith(".")]
            for name in files:
                if name.endswith(".py") or name == ".env":
                    path = os.path.join(folder, name)  # noqa: PTH118
                    if (stamp := stamp_of(path)) is not None:
                        stamps[path] = stamp
            if len(stamps) >= MOST_FILES:
                break
        return stamps


def stamp_of(path: str) -> Stamp | None:
    try:
        facts = Path(path).stat()
    except OSError:  # gone meanwhile
        return None
    return facts.st_mtime_ns, facts.st_size


def is_below(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return False
    path = Path(file)
    return folder in path.parents and not IGNORED.intersection(path.relative_to(folder).parts)
