"""`pais-host --healthcheck`, which images are probed with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from conftest import StartHost

PATIENCE = 30


def health_of(port: int | None, program: Path, folder: Path) -> int:
    """Asked without the name of an agent, as where only a server.py names it."""
    environment = {**sanitizer_options(), "AGENT_PORT": str(port)}
    outcome = subprocess.run([program, "--healthcheck"], cwd=folder, env=environment, timeout=PATIENCE, check=False)
    return outcome.returncode


def sanitizer_options() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


def test_it_tells_a_host_that_answers_from_a_port_where_nobody_does(
    start_host: StartHost, pais_host: Path, tmp_path: Path
) -> None:
    host = start_host("--mock=Hello!", AGENT_NAME="hello")
    port = urlsplit(host.url).port

    assert health_of(port, pais_host, tmp_path) == 0

    assert host.stop() == 0
    assert health_of(port, pais_host, tmp_path) == 1
