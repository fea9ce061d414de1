"""Keys and passwords are planted everywhere, everything fails, and nobody is told any of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fake_model import answers, calls, fails
from fake_model.replies import Asked, Reply, http
from security.conftest import StartWorld
from security.world import World, ask, delegate, look

SECRETS = {
    "AGENT_API_KEY": "planted-agent-key",
    "MODEL_API_KEY": "planted-model-key",
    "MCP_SERVER_tools_TOKEN": "planted-mcp-token",
    "MCP_SERVER_tools_HEADERS": "X-Secret=planted-mcp-header",
    "PEER_AGENT_WORKER_API_KEY": "planted-peer-key",
    "MEMORY_REDIS_URL": "redis://ada:planted-redis-password@127.0.0.1:1/0",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer planted-otlp-header",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:planted-otlp-password@127.0.0.1:1",
}
KEY = {"X-API-Key": "planted-agent-key"}
PLANTED = "planted"


def repeats_what_it_was_sent(status: int) -> Reply:
    """An error page that quotes the request's headers, as those of proxies do."""

    def reply(asked: Asked) -> list[bytes]:
        return [http(status, json.dumps({"error": {"message": json.dumps(asked.headers)}}).encode())]

    return reply


@pytest.mark.parametrize("kind", ["native", "python"])
def test_no_secret_is_told_to_anybody(start_world: StartWorld, tmp_path: Path, kind: str) -> None:
    spans = tmp_path / "telemetry.jsonl"
    world = start_world(
        kind,
        AGENT_AUTH_REQUIRED="true",
        MEMORY_TYPE="redis",
        LOG_LEVEL="TRACE",
        AGENT_ACCESS_LOG="true",
        PAIS_METRICS="true",
        PAIS_TELEMETRY_FILE=str(spans),
        OTEL_BSP_SCHEDULE_DELAY="50",
        **SECRETS,
    )
    answered = fail_in_every_way(world)
    for path in (
        "/ready",
        "/health",
        "/metrics",
        "/.well-known/agent.json",
        "/openapi.json",
        "/memory/events",
        "/none",
    ):
        answered += [ask(world.url, "GET", path)[1], ask(world.url, "GET", path, KEY)[1]]
    world.running.stop()

    assert world.worker.asked[-1].headers["x-api-key"] == "planted-peer-key"
    assert world.mcp.asked[-1].headers["authorization"] == "Bearer planted-mcp-token"
    logged = "\n".join(world.running.output)
    assert "model_rejected" in logged
    assert "execute_tool" in spans.read_text()
    for place, text in {"log": logged, "answers": "\n".join(answered), "spans": spans.read_text()}.items():
        assert PLANTED not in text, (place, text[max(0, text.find(PLANTED) - 500) : text.find(PLANTED) + 100])


def fail_in_every_way(world: World) -> list[str]:
    answered = []
    for status in (400, 401, 407, 429, 500):
        world.model.will(repeats_what_it_was_sent(status))
        answered.append(ask(world.url, "POST", "/v1/chat/completions", KEY, chat())[1])
    for tool in (repeats_what_it_was_sent(500), fails(401), answers(200, b"no JSON")):
        world.mcp.result = world.worker.reply = tool
        world.model.will(calls(look(), delegate()), fails(400))
        answered.append(ask(world.url, "POST", "/v1/chat/completions", KEY, chat())[1])
    for key in ("planted-wrong-key", "planted-agent-keyx"):
        answered.append(ask(world.url, "POST", "/v1/chat/completions", {"X-API-Key": key}, chat())[1])
        answered.append(ask(world.url, "POST", "/v1/chat/completions", {"Authorization": f"Bearer {key}"}, chat())[1])
    return answered


def chat() -> dict[str, object]:
    return {"messages": [{"role": "user", "content": "hi"}]}
