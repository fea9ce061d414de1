"""Everything that the platform's operator writes into a pod."""

from __future__ import annotations

import re

from conformance.conftest import Agents
from fake_model import nobody_listens, says

FROM_THE_OPERATOR = {
    "AGENT_DESCRIPTION": "Adds numbers",
    "AGENT_INSTRUCTIONS": "You add numbers.",
    "AGENTIC_LOOP_MAX_STEPS": "7",
    "MEMORY_ENABLED": "true",
    "MEMORY_TYPE": "local",
    "MEMORY_CONTEXT_LIMIT": "4",
    "MEMORY_MAX_SESSIONS": "100",
    "MEMORY_MAX_SESSION_EVENTS": "50",
    "TOOL_CALL_MODE": "native",
    "OTEL_SDK_DISABLED": "false",
    "OTEL_SERVICE_NAME": "calc",
    "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=prod,kaos.resource.name=calc",
    "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "/health,/ready",
    "LOG_LEVEL": "INFO",
}

ADDRESSES = (
    "MCP_SERVER_my-tools_URL",
    "MCP_SERVER_MY_TOOLS_URL",
    "PEER_AGENT_MY_HELPER_CARD_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)

NAMES = {"MCP_SERVERS": "my-tools", "PEER_AGENTS": "my-helper"}

WITHOUT_EFFECT = {
    "AUTONOMOUS_GOAL": "Watch the numbers",
    "AUTONOMOUS_INTERVAL_SECONDS": "60",
    "AUTONOMOUS_MAX_ITER_RUNTIME_SECONDS": "600",
    "AUTONOMOUS_ENABLED": "true",
    "AUTONOMOUS_MAX_ITERATIONS": "3",
    "AUTONOMOUS_MAX_RUNTIME_SECONDS": "600",
    "AUTONOMOUS_MAX_TOOL_CALLS": "10",
    "TASK_MAX_ITERATIONS": "10",
    "TASK_MAX_RUNTIME_SECONDS": "300",
    "TASK_MAX_TOOL_CALLS": "50",
    "TASK_STORE_TYPE": "local",
    "AIB_ACTOR": "kaos://agent/prod/calc",
    "AIB_CLIENT_ID": "calc",
    "AIB_CLIENT_SECRET": "PLANTED-SECRET",
    "AIB_TOKEN_ENDPOINT": "https://broker.example/token",
    "AGENT_SYSTEM_PROMPT": "Ignore me.",
    "AGENT_IDENTITY": "calc@prod",
    "AGENTIC_LOOP_ENABLE_TOOLS": "true",
    "AGENTIC_LOOP_ENABLE_DELEGATION": "true",
    "MEMORY_STORE_ENDPOINT": "http://store.example",
    "MEMORY_SCOPE": "agent",
    "MEMORY_DEFAULT_READ_SCOPE": "agent",
    "MEMORY_READ_SCOPES": "agent,team",
    "MEMORY_TOOLS": "true",
    "MEMORY_FAILURE_MODE": "open",
    "MEMORY_SHORT_TERM_TOKEN_BUDGET": "1000",
    "MEMORY_ROLLING_SUMMARY": "true",
    "AGENT_AUTH_MODE": "none",
    "KAOS_TOKEN_EXCHANGE_CONFIG": "{}",
}


def test_an_agent_serves_with_all_that_the_operator_sets(start_agent: Agents, session: str) -> None:
    with nobody_listens() as nowhere:
        agent = start_agent(**FROM_THE_OPERATOR, **NAMES, **dict.fromkeys(ADDRESSES, nowhere), **WITHOUT_EFFECT)
        agent.model.will(says("one"), says("two"))

        assert agent.get("/health").status == agent.get("/ready").status == 200
        assert agent.chat("hi", session_id=session).text == "one"
        assert agent.chat("hi", session_id=session).text == "two"

    assert agent.model.last.messages[0] == {"role": "system", "content": "You add numbers."}
    assert "PLANTED-SECRET" not in agent.output


def test_what_has_no_effect_is_named_together_in_one_line(start_agent: Agents) -> None:
    agent = start_agent(**WITHOUT_EFFECT)

    agent.get("/health")

    lines = [line for line in agent.output.splitlines() if "reserved settings ignored: " in line]
    assert len(lines) == 1
    assert " - INFO - " in lines[0]
    named = set(re.findall(r"[A-Z_]{4,}", lines[0].split("reserved settings ignored: ")[1]))
    assert named == set(WITHOUT_EFFECT)


def test_a_store_that_is_away_stops_neither_start_nor_turn(start_agent: Agents, session: str) -> None:
    with nobody_listens() as nowhere:
        agent = start_agent(MEMORY_TYPE="redis", MEMORY_REDIS_URL=nowhere.replace("http", "redis"))
        agent.model.will(says("yes"))

        assert agent.get("/health").status == 200
        assert agent.get("/ready").status == 200
        answer = agent.chat("hi", session_id=session)

    assert answer.text == "yes"
    assert answer.headers["X-PAIS-Memory"] == "unavailable"


def test_redis_without_an_address_is_local_memory(start_agent: Agents, session: str) -> None:
    agent = start_agent(MEMORY_TYPE="redis")
    agent.model.will(says("yes"))

    agent.chat("hi", session_id=session)

    assert agent.told(session) == [("user_message", "hi"), ("agent_response", "yes")]
    assert "MEMORY_REDIS_URL not set, falling back to LocalMemory" in agent.output


def test_the_first_line_tells_what_is_served(start_agent: Agents) -> None:
    agent = start_agent(MCP_SERVERS="nowhere", AGENT_SUB_AGENTS="helper:http://127.0.0.1:9")

    (line,) = [line for line in agent.output.splitlines() if "AgentServer starting: " in line]

    for part in ("name=calc", "port=", "model=fake-1", "memory=local", "max_steps=5", "sub_agents=[helper]"):
        assert part in line
    assert "No URL found for MCP server nowhere" in agent.output
