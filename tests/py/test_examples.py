"""The examples do what their READMEs say, in a copy of their folder, and the manifests hold together."""

from __future__ import annotations

import http.client
import json
import shutil
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

import wire
from conftest import StartHost
from docs.reader import ROOT, Reader, settings
from running_file import RunningFile

EXAMPLES = ROOT / "examples"
NAMES = sorted({folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()} - {"fleet"})
MANIFESTS = sorted((EXAMPLES / "kubernetes").glob("*.yaml"))
USER = 65532

Follow = Callable[..., Reader]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    """Does what the README of an example says, with these variables besides: `follow("fleet", LOG_LEVEL="DEBUG")`."""
    readers: list[Reader] = []

    def follow(name: str, **environment: str) -> Reader:
        folder = tmp_path / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
        readers.append(Reader(folder, environment))
        readers[-1].read(EXAMPLES / name / "README.md")
        return readers[-1]

    yield follow
    for reader in readers:
        reader.close()


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_can_be_followed(name: str, follow: Follow) -> None:
    follow(name)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_the_fleet_answers_from_three_hosts_and_leaves_nobody_behind(follow: Follow) -> None:
    reader = follow("fleet", PAIS_MOCK_DELAY_MS="1000")
    script = reader.hosts["8000"]
    fleet = children_of(script.process.pid)
    assert len(fleet) == 5, "three hosts, a Redis and nginx"

    assert len({answered_by(script.url) for _ in range(6)}) == 3
    remembered = wire.get(f"{script.url}/memory/events?session_id=tuesday&event_type=user_message")
    assert remembered["total"] == 6

    assert b"[DONE]" not in first_of_a_stream(script.url), "nginx keeps the stream back"

    reader.close()
    assert not [pid for pid in fleet if Path(f"/proc/{pid}").exists()]


def answered_by(url: str) -> str:
    """The host that nginx picked."""
    body = json.dumps({"session_id": "tuesday", "messages": [{"role": "user", "content": "Who is there?"}]})
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    with closing(connection):
        connection.request("POST", "/v1/chat/completions", body)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        return answer.headers["X-Answered-By"]


def first_of_a_stream(url: str) -> bytes:
    """What has come when the first word has; the rest would take seconds."""
    body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "Who is there?"}]})
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    with closing(connection):
        connection.request("POST", "/v1/chat/completions", body)
        answer = connection.getresponse()
        come = b""
        while b"Whichever" not in come:
            piece = answer.read1()
            assert piece, come
            come += piece
        return come


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# ------------------------------------------------------------------------------------------------------- kubernetes


def objects(kind: str) -> list[Any]:
    found = [each for file in MANIFESTS for each in yaml.safe_load_all(file.read_text()) if each["kind"] == kind]
    assert found, f"there is no {kind}"
    return found


def variables_of(deployment: Any) -> dict[str, str]:
    """As the kubelet makes them."""
    secrets = {each["metadata"]["name"]: each["stringData"] for each in objects("Secret")}

    def value(variable: Any) -> str:
        if "value" in variable:
            return str(variable["value"])
        asked = variable["valueFrom"]["secretKeyRef"]
        return str(secrets[asked["name"]][asked["key"]])

    return {variable["name"]: value(variable) for variable in container_of(deployment)["env"]}


def container_of(deployment: Any) -> Any:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container


@pytest.mark.parametrize("deployment", objects("Deployment"), ids=lambda each: each["metadata"]["name"])
def test_a_deployment_is_one_that_an_operator_could_have_written(deployment: Any) -> None:
    pod = deployment["spec"]["template"]["spec"]
    container = container_of(deployment)

    assert [name for name in variables_of(deployment) if not settings().fullmatch(name)] == []
    assert all(isinstance(each.get("value", ""), str) for each in container["env"]), "Kubernetes takes only texts"
    assert container["startupProbe"]["httpGet"]["path"] == container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert container["ports"] == [{"name": "http", "containerPort": 8000}]
    assert pod["terminationGracePeriodSeconds"] > 1 + 25 + 3
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == USER
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_every_service_finds_its_pods() -> None:
    pods = {each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"] for each in objects("Deployment")}
    for service in objects("Service"):
        assert service["spec"]["selector"] == pods[service["metadata"]["name"]]


def test_the_declared_agent_starts_with_the_variables_of_its_manifest(start_host: StartHost) -> None:
    variables = variables_of(objects("Deployment")[0])

    host = start_host("--mock=Hello!", **variables)

    assert wire.get(f"{host.url}/health")["name"] == "poet"
    assert wire.get(f"{host.url}/ready")["status"] == "ready"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        wire.ask(host.url, "Hello?")


def test_the_agent_in_python_answers_from_its_config_map(tmp_path: Path) -> None:
    (code,) = objects("ConfigMap")
    (tmp_path / "server.py").write_text(code["data"]["server.py"])
    host = RunningFile("server.py", variables_of(objects("Deployment")[1]), tmp_path)
    try:
        host.wait_until_loaded()

        assert '"dice":' in wire.ask(host.url, "Roll the dice")
    finally:
        assert host.stop() == 0
