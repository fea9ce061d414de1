"""The agent card: what others read to learn what this agent can do."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime

import pytest

from chat_peer import Peer
from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import nobody_listens

CARD = "/.well-known/agent.json"
KEYS = [
    "name",
    "description",
    "url",
    "version",
    "protocolVersion",
    "skills",
    "capabilities",
    "defaultInputModes",
    "defaultOutputModes",
]


def url_in_card(agent: Agent, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return str(agent.get(CARD, named).json["url"])


def test_the_card_has_the_contracts_keys_in_their_order(agent: Agent) -> None:
    answer = agent.get(CARD)

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json) == KEYS
    assert answer.json["name"] == "calc"
    assert answer.json["description"] == "AI Agent"
    assert answer.json["protocolVersion"] == "0.3.0"
    assert answer.json["skills"] == []
    assert list(answer.json["capabilities"].items()) == [
        ("streaming", True),
        ("pushNotifications", False),
        ("stateTransitionHistory", False),
    ]
    assert answer.json["defaultInputModes"] == answer.json["defaultOutputModes"] == ["application/json"]


def test_the_card_stands_at_its_newer_address_as_well(agent: Agent) -> None:
    assert agent.get("/.well-known/agent-card.json").json == agent.get(CARD).json


def test_the_same_is_told_in_snake_case(agent: Agent) -> None:
    told = agent.get("/.well-known/agent-configuration").json

    assert told["name"] == "calc"
    assert told["capabilities"] == {"streaming": True, "push_notifications": False}


def test_agents_to_delegate_to_are_skills(agents: Agents) -> None:
    with nobody_listens() as url:
        lead = agents(AGENT_SUB_AGENTS=f"math:{url},my-words:{url}")

    skills = lead.get(CARD).json["skills"]

    assert [skill["name"] for skill in skills] == ["delegate_to_math", "delegate_to_my-words"]
    assert list(skills[0].items()) == [
        ("id", "delegate_to_math"),
        ("name", "delegate_to_math"),
        ("description", "Delegate task to math"),
        ("tags", []),
        ("inputModes", ["application/json"]),
        ("outputModes", ["application/json"]),
    ]


def test_asking_for_the_card_asks_nobody_else(agents: Agents) -> None:
    peer = Peer()
    lead = agents(AGENT_SUB_AGENTS=f"math:{peer.url}")
    peer.stop()

    assert lead.get(CARD).json["skills"][0]["name"] == "delegate_to_math"


def test_the_address_is_the_one_the_request_was_sent_to(agent: Agent) -> None:
    port = agent.url.rpartition(":")[2]

    assert url_in_card(agent) == agent.url
    assert url_in_card(agent, Host=f"localhost:{port}") == f"http://localhost:{port}"


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.example:8443"}, "https://a.example:8443"),
        ({"X-Forwarded-Host": "a.example", "X-Forwarded-Prefix": "/ns/agent/"}, "http://a.example/ns/agent"),
        ({"Forwarded": 'for=192.0.2.1;proto=https;host="b.example", for=10.0.0.1'}, "https://b.example"),
        ({"Forwarded": "host=b.example", "X-Forwarded-Host": "a.example"}, "http://b.example"),
        ({"X-Forwarded-Host": "first.example, second.example"}, "http://first.example"),
        ({"X-Forwarded-Host": "[2001:db8::1]:80"}, "http://[2001:db8::1]:80"),
    ],
)
def test_a_proxy_may_say_where_the_client_sees_us(agent: Agent, headers: dict[str, str], url: str) -> None:
    assert agent.get(CARD, headers).json["url"] == url


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "a.example/path"},
        {"X-Forwarded-Host": "user@a.example"},
        {"X-Forwarded-Host": "a.example:99999"},
        {"X-Forwarded-Host": '"><script>'},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Forwarded-Prefix": "/../up"},
        {"X-Forwarded-Prefix": "/a?b"},
    ],
)
def test_what_is_no_plain_host_or_path_is_ignored(agent: Agent, headers: dict[str, str]) -> None:
    assert agent.get(CARD, headers).json["url"] == agent.url


def test_proxies_need_not_be_believed(agents: Agents) -> None:
    agent = agents(PAIS_TRUST_FORWARDED="false")

    assert agent.get(CARD, {"X-Forwarded-Host": "a.example"}).json["url"] == agent.url


def test_a_fixed_address_goes_before_all(agents: Agents) -> None:
    agent = agents(AGENT_PUBLIC_URL="https://agents.example/math/")

    assert agent.get(CARD, {"X-Forwarded-Host": "a.example"}).json["url"] == "https://agents.example/math"


def test_a_card_that_is_known_is_not_sent_again(agent: Agent) -> None:
    first = agent.get(CARD)

    again = agent.get(CARD, {"If-None-Match": f'"other", {first.headers["etag"]}'})

    assert first.headers["etag"].startswith('W/"')
    assert first.headers["cache-control"] == "no-cache"
    assert "X-Forwarded-Host" in first.headers["vary"]
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert agent.get(CARD, {"If-None-Match": 'W/"0"'}).status == 200


def test_the_card_is_as_old_as_the_server(agent: Agent) -> None:
    said = agent.get(CARD).headers["last-modified"]

    assert 0 <= time.time() - parsedate_to_datetime(said).timestamp() < 600
    assert agent.get("/.well-known/agent-card.json").headers["last-modified"] == said


def test_another_address_is_another_card(agent: Agent) -> None:
    etag = agent.get(CARD).headers["etag"]

    assert agent.get(CARD, {"If-None-Match": etag, "X-Forwarded-Host": "a.example"}).status == 200


def test_the_card_is_open_to_all(agents: Agents) -> None:
    agent = agents(AGENT_AUTH_REQUIRED="true", AGENT_API_KEY="k")

    assert agent.get(CARD).status == 200


def test_a_description_in_any_language_is_told(agents: Agents) -> None:
    agent = agents(AGENT_DESCRIPTION='Rechnet "schön", 数学')

    assert agent.get(CARD).json["description"] == 'Rechnet "schön", 数学'
    assert json.loads(agent.get(CARD).body.decode("utf-8"))
