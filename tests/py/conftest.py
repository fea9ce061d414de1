from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from host import RunningHost, host_under_test, use_host
from served import Served

# A shell lets what it starts in the background ignore Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

StartHost = Callable[..., RunningHost]
Serve = Callable[..., Served]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pais-host", type=Path, help="the pais-host to be tested; default: the installed one")


def pytest_configure(config: pytest.Config) -> None:
    if program := config.getoption("--pais-host"):
        use_host(program)


@pytest.fixture(scope="session")
def pais_host() -> Path:
    return host_under_test()


@pytest.fixture
def start_host(tmp_path: Path, pais_host: Path) -> Iterator[StartHost]:
    """Starts a host on a free port, in an empty folder: `start_host("--mock=Hello!", AGENT_NAME="hello")`.

    `command` stands for `pais-host` where another way to start it is to be tried. What is still running when the test
    ends is asked to end (SIGTERM) and must do so with exit code 0.
    """
    running: list[RunningHost] = []

    def start(*arguments: str, command: Sequence[str | Path] = (pais_host,), **environment: str) -> RunningHost:
        host = RunningHost([*command, "--port", "0", *arguments], environment, tmp_path)
        running.append(host)
        host.wait_until_listening()
        return host

    yield start

    for host in running:
        code = host.stop()
        assert code == 0, f"pais-host ended with {code}. It said:\n" + "\n".join(host.output)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serves a text as `server.py`, in an empty folder: `serve(text, "--name", "bob", SOME="variable")`.

    When the test ends there is a file named `gate`, for tools that wait for it.
    """
    running: list[Served] = []

    def start(text: str, *options: str, **environment: str) -> Served:
        (tmp_path / "server.py").write_text(text)
        running.append(Served("server.py", tmp_path, environment, options))
        return running[-1]

    yield start

    (tmp_path / "gate").touch()
    for served in running:
        served.stop()
