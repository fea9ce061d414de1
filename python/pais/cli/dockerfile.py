"""The Dockerfile of an agent's image."""

from __future__ import annotations

import json
from dataclasses import dataclass

DEFAULT_BASE = "kaos-agent:latest"
AGENT_USER = "65532:65532"  # the base image's
PRINT_DEPENDENCIES = (
    "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project'].get('dependencies', []), sep=chr(10))"
)


@dataclass(frozen=True)
class Recipe:
    """What changes most comes last: a new line of code does not install the dependencies again."""

    base: str
    entry: str
    is_package: bool  # what it imports has to be installed, beside its dependencies

    def text(self) -> str:
        steps = [
            f"FROM {self.base}",
            "WORKDIR /app",
            "USER root",
            "COPY pyproject.toml ./",
            f'RUN python -c "{PRINT_DEPENDENCIES}" | pip install --no-cache-dir --requirement /dev/stdin',
            f"COPY --chown={AGENT_USER} . .",
        ]
        if self.is_package:
            steps.append("RUN pip install --no-cache-dir --no-deps .")
        steps += [f"USER {AGENT_USER}", f"CMD {json.dumps(['pais', 'run', self.entry])}"]
        return "\n".join(steps) + "\n"
