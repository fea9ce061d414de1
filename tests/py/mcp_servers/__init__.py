"""Real MCP servers, each in an environment of its own: their libraries cannot live together, nor with ours."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path

from peers import peer_program

HERE = Path(__file__).parent
MAKES = ["mcp-1", "mcp-2", "fastmcp"]
LISTENING = re.compile(r"http://127\.0\.0\.1:(\d+)")
PATIENCE = 60.0


class RunningServer:
    """One of the scripts beside this file, run by the Python of `make`. `restart` brings it back at the same port."""

    def __init__(self, make: str, script: str, *arguments: str | Path) -> None:
        self._python = peer_program(make, "python")
        assert self._python.exists(), f"there is no environment for {make}; run scripts/test"
        self._command = [self._python, HERE / script, *arguments]
        self.output: list[str] = []
        self.port = 0
        self._start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _start(self) -> None:
        listening = threading.Event()
        port = ["--port", str(self.port)] if self.port else []
        process = subprocess.Popen(
            [*self._command, *port],
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

        def collect() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                self.output.append(line.rstrip("\n"))
                if not listening.is_set() and (found := LISTENING.search(line)):
                    self.port = int(found[1])
                    listening.set()
            listening.set()

        self._process = process
        self._reader = threading.Thread(target=collect, daemon=True)
        self._reader.start()
        assert listening.wait(PATIENCE), "the MCP server did not come to listen"
        assert process.poll() is None, "the MCP server ended. It said:\n" + "\n".join(self.output)

    def kill(self) -> None:
        self._process.kill()
        self._over()

    def wait(self) -> None:
        """Until it has ended by itself."""
        self._over()

    def restart(self) -> None:
        self._start()

    def _over(self) -> None:
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
