"""Nobody but the operator says where requests go."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import StartHost
from fake_model import Call, FakeModel, answers, says
from security.conftest import StartWorld
from security.world import World, delegate, look
from until import eventually


@pytest.fixture
def trap() -> Iterator[FakeModel]:
    """A place that nothing may lead to."""
    trap = FakeModel()
    trap.always(says("caught"))
    yield trap
    trap.stop()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_leads_nowhere_else(world: World, trap: FakeModel, status: int) -> None:
    away = answers(status, b"", Location=f"{trap.url}/v1/chat/completions")
    world.worker.reply = world.mcp.result = away
    told = world.told_of(look(), delegate())
    world.model.will(away)

    assert world.chat("hello").status == 502
    assert told[1] == f"[Delegation failed: Agent worker answered {status}]"
    assert "could be understood" in told[0]
    assert trap.asked == []


def test_a_card_chooses_no_address(start_world: StartWorld, trap: FakeModel) -> None:
    world = start_world(PAIS_DELEGATION_REFRESH_SECONDS="0.05", PEER_AGENT_WORKER_API_KEY="k-1")
    card = {"name": "worker", "description": "moved", "version": "1", "skills": [], "url": trap.url}
    world.worker.card = answers(200, {**card, "endpoints": {"chat": trap.url}, "preferredTransport": "x"})
    eventually(lambda: b"moved" in trap_free(world), "the card is known")

    assert world.told_of(delegate()) == ["done"]

    world.worker.card = answers(302, b"", Location=f"{trap.url}/.well-known/agent.json")
    before = len(world.worker.asked)
    eventually(lambda: len(world.worker.asked) > before + 2, "the card was asked for again")
    assert trap.asked == []


def trap_free(world: World) -> bytes:
    """What the model is offered."""
    world.model.will(says("fine"))
    world.chat("hello")
    return str(world.model.last.body["tools"]).encode()


OF_ITS_OWN = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -B "$0" /etc/hosts && exec "$@"')


def test_a_name_leads_to_no_address_that_is_refused(start_host: StartHost, pais_host: Path, tmp_path: Path) -> None:
    names = tmp_path / "hosts"
    names.write_text("169.254.169.254 worker.example\n")
    if subprocess.run([*OF_ITS_OWN, names, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("no process can be given names of its own here")

    host = start_host(
        "--mock=Hello!",
        command=[*OF_ITS_OWN, names, pais_host],
        AGENT_NAME="lead",
        AGENT_SUB_AGENTS="worker:http://worker.example:8000",
    )

    host.wait_until_it_says("its address is not one to be called")


def test_an_image_is_fetched_by_the_model_or_by_nobody(world: World, trap: FakeModel) -> None:
    world.model.will(says("nice"))

    world.chat([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"{trap.url}/secret"}}]}])

    assert f"{trap.url}/secret" in str(world.model.last.body)
    assert trap.asked == []


@pytest.mark.parametrize(
    "scheme", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "data:text/html,x", "javascript:x"]
)
def test_an_image_of_another_scheme_is_refused(world: World, scheme: str) -> None:
    prompt = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": scheme}}]}]

    assert world.chat(prompt).refusal == (400, "invalid_value")


def test_a_model_chooses_no_address(world: World, trap: FakeModel) -> None:
    arguments = f'{{"task":"x","url":"{trap.url}","headers":{{"Host":"elsewhere"}}}}'

    world.told_of(Call("delegate_to_worker", arguments, id="c2"), Call("look", arguments, id="c1"))

    assert trap.asked == []
    assert world.worker.last.path == "/v1/chat/completions"
