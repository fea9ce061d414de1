"""A Python file that `pais run` serves, as its clients see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.agent import Agent
from fake_model import FakeModel
from running_file import RunningFile


class Served(Agent):
    """An agent of a file, and a fake model that it may ask.

    The process is started in `folder`, which is where relative paths of the file begin. It gets only the variables of
    `environment`; `{model}` in them stands for the fake model's address.
    """

    def __init__(
        self, target: str, folder: Path, environment: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> None:
        model = FakeModel()
        variables = {name: value.format(model=model.url) for name, value in (environment or {}).items()}
        self.host = RunningFile(target, variables, folder, *options)
        super().__init__(self.host, model)
        try:
            self.host.wait_until_loaded()
        except AssertionError:
            self.host.stop()
            model.stop()
            raise

    def ask_to_end(self) -> None:
        self.hang_up()
        self.model.forget()
        self.host.ask_to_end()

    def stop(self) -> None:
        """Ends it, which it must do politely."""
        self.ask_to_end()
        code = self.host.stop()
        self.model.stop()
        assert code == 0, f"pais run ended with {code}. It said:\n{self.output}"
