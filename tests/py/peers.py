"""Programs of others that the tests talk to, each in an environment of its own: their libraries cannot live together,
nor with ours. `peer_envs` of scripts/lib.sh makes them."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENTS = Path(os.environ.get("PAIS_PEER_ENVIRONMENTS") or Path(__file__).parents[2] / ".venv-peers")


def peer_program(environment: str, name: str) -> Path:
    """Where the program is when its environment has been made."""
    return ENVIRONMENTS / environment / "bin" / name
