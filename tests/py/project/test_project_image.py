"""The images, run as an operator runs them: its variables, a read-only root file system, no capabilities.

They are skipped where no engine answers. By hand, as root: `dockerd &`, `scripts/image` (docs/images.md), and then
`python -m pytest tests/py/project/test_project_image.py`.
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

import wire
from pais.cli import app
from running_file import pais
from until import eventually

IMAGES = ["kaos-agent:latest", "kaos-agent-native:latest"]
PATIENCE = 300.0

# As the operator writes them for an Agent with everything; what it names is not there, which must not keep it from
# serving. The last one is the user's own.
OPERATORS = {
    "AGENT_NAME": "helper",
    "AGENT_DESCRIPTION": "Helps",
    "AGENT_INSTRUCTIONS": "Be brief.",
    "MODEL_API_URL": "http://modelapi-main.agents.svc.cluster.local:8000",
    "MODEL_NAME": "gpt-4o-mini",
    "AGENTIC_LOOP_MAX_STEPS": "5",
    "MEMORY_ENABLED": "true",
    "MEMORY_TYPE": "local",
    "MEMORY_CONTEXT_LIMIT": "6",
    "MEMORY_MAX_SESSIONS": "1000",
    "MEMORY_MAX_SESSION_EVENTS": "500",
    "TOOL_CALL_MODE": "auto",
    "TASK_MAX_ITERATIONS": "3",
    "MCP_SERVERS": "my-mcp",
    "MCP_SERVER_my-mcp_URL": "http://mcpserver-my-mcp.agents.svc.cluster.local:8000",
    "PEER_AGENTS": "worker-one",
    "PEER_AGENT_WORKER_ONE_CARD_URL": "http://agent-worker-one.agents.svc.cluster.local:8000",
    "OTEL_SDK_DISABLED": "false",
    "OTEL_SERVICE_NAME": "helper",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
    "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=agents,kaos.resource.name=helper",
    "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "/health,/ready",
    "LOG_LEVEL": "INFO",
    "DEBUG_MOCK_RESPONSES": '["Here I am."]',
}
AS_A_POD = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--publish=127.0.0.1::8000"]


@cache
def engine_name() -> str | None:
    """The engine that answers."""
    for name in ("docker", "podman"):
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run([name, "info"], capture_output=True, timeout=20, check=True)
            return name
    return None


def engine(*words: str | Path, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    outcome = subprocess.run(
        [engine_name() or "docker", *words], capture_output=True, text=True, timeout=PATIENCE, check=False, input=stdin
    )
    assert not check or outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome


@pytest.fixture(scope="module", autouse=True)
def images() -> None:
    if engine_name() is None:
        pytest.skip("no container engine answers; as root, `dockerd &` starts one (docs/images.md)")
    for image in IMAGES:
        if engine("image", "inspect", image, check=False).returncode != 0:
            pytest.skip(f"{image} is not there; scripts/image builds it")


class Container:
    """Runs detached until it is stopped, and is gone with the test."""

    def __init__(self, image: str, variables: Mapping[str, str], *options: str) -> None:
        words = [f"--env={name}={value}" for name, value in variables.items()]
        self.id = engine("run", "--detach", *AS_A_POD, *words, *options, image).stdout.strip()

    def wait_until_ready(self) -> None:
        self.url = "http://" + engine("port", self.id, "8000/tcp").stdout.split()[0]
        eventually(self._is_ready, "the container is ready")

    def _is_ready(self) -> bool:
        try:
            wire.get(f"{self.url}/ready")
        except urllib.error.HTTPError as refused:
            refused.close()
        except OSError:
            assert self._state("Running") == "true", self.logs()
        else:
            return True
        return False

    def processes(self) -> list[str]:
        """`uid command` of each."""
        lines = [line.split() for line in engine("top", self.id, "-eo", "pid,uid,args").stdout.splitlines()[1:]]
        return [" ".join(words[1:]) for words in lines]

    def _state(self, field: str) -> str:
        return engine("inspect", "--format", "{{.State." + field + "}}", self.id).stdout.strip()

    def is_healthy(self, program: str) -> bool:
        return engine("exec", self.id, program, "--healthcheck", check=False).returncode == 0

    def stop(self) -> int:
        """As a kubelet does; its exit code."""
        engine("kill", "--signal=TERM", self.id)
        return self.wait()

    def wait(self) -> int:
        return int(engine("wait", self.id).stdout)

    def logs(self) -> str:
        outcome = engine("logs", self.id)
        return outcome.stdout + outcome.stderr

    def remove(self) -> None:
        engine("rm", "--force", "--volumes", self.id)


Run = Callable[..., Container]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One that the user of the image may read."""
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture
def run() -> Iterator[Run]:
    """`run(image, variables, option…)`"""
    containers: list[Container] = []

    def run(image: str, variables: Mapping[str, str], *options: str) -> Container:
        containers.append(Container(image, variables, *options))
        return containers[-1]

    yield run
    for container in containers:
        container.remove()


@pytest.fixture
def image_name() -> Iterator[str]:
    """One that nobody has, and that is removed."""
    name = f"pais-test-{uuid.uuid4().hex[:12]}"
    yield name
    engine("image", "rm", "--force", f"{name}:latest", check=False)


@pytest.mark.parametrize("image", IMAGES)
def test_what_an_operator_declares_is_served_without_python(image: str, run: Run) -> None:
    container = run(image, OPERATORS)
    container.wait_until_ready()

    assert wire.ask(container.url, "Are you there?") == "Here I am."
    card = wire.get(f"{container.url}/.well-known/agent.json")
    assert (card["name"], card["description"]) == ("helper", "Helps")
    processes = container.processes()
    assert all(line.startswith("65532 ") for line in processes), processes
    assert not [line for line in processes if "python" in line]
    assert container.is_healthy("/usr/bin/pais-host" if "native" in image else "pais-host")
    assert container.stop() == 0, container.logs()


def test_an_image_that_pais_build_makes_is_served(image_name: str, tmp_path: Path, run: Run) -> None:
    made = CliRunner().invoke(app, ["init", str(tmp_path / "project"), "--template", "rag-sqlite"])
    assert made.exit_code == 0

    outcome = subprocess.run(
        pais("build", "--name", image_name, "--dir", tmp_path / "project", "--builder", engine_name() or ""),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "🎉" in outcome.stdout
    container = run(image_name, OPERATORS)
    container.wait_until_ready()
    assert wire.ask(container.url, "Are you there?") == "Here I am."
    skills = [skill["name"] for skill in wire.get(f"{container.url}/.well-known/agent.json")["skills"]]
    assert skills[:2] == ["search", "remember"]
    assert container.is_healthy("pais-host")
    assert container.stop() == 0, container.logs()


def test_a_folder_with_a_server_py_answers(folder: Path, run: Run) -> None:
    CliRunner().invoke(app, ["init", str(folder)])

    container = run("kaos-agent:latest", {"AGENT_NAME": "calc"}, f"--volume={folder}:/app:ro")
    container.wait_until_ready()

    assert json.loads(wire.ask(container.url, "Hello!")).keys() == {"hello", "add"}
    assert container.is_healthy("pais-host")
    assert container.stop() == 0, container.logs()


def test_an_image_made_for_the_python_server_is_served_too(image_name: str, folder: Path, run: Run) -> None:
    CliRunner().invoke(app, ["init", str(folder)])
    dockerfile = """
        FROM kaos-agent:latest
        COPY . .
        RUN pip --version && uv --version
        CMD ["python", "-m", "uvicorn", "server:get_app", "--factory", "--host", "0.0.0.0", "--port", "8000"]
    """
    engine("build", "--tag", image_name, "--file", "-", folder, stdin=dockerfile)

    container = run(image_name, {"AGENT_NAME": "calc"})
    container.wait_until_ready()

    assert json.loads(wire.ask(container.url, "Hello!")).keys() == {"hello", "add"}
    assert container.stop() == 0, container.logs()


def test_a_server_py_that_cannot_be_imported_ends_it_with_the_users_traceback(folder: Path, run: Run) -> None:
    (folder / "server.py").write_text("import nothing_like_this\n")

    container = run("kaos-agent:latest", OPERATORS, f"--volume={folder}:/app:ro")

    assert container.wait() == 1
    assert 'File "/app/server.py", line 1' in container.logs()
    assert "No module named 'nothing_like_this'" in container.logs()
