"""The description of the API, and the page that shows it."""

from __future__ import annotations

import re

import pytest
from openapi_spec_validator import validate

from conformance.agent import CHAT, Agent


def test_the_description_names_every_route(agent: Agent) -> None:
    answer = agent.get("/openapi.json")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json["openapi"].startswith("3.1.")
    for path in (CHAT, "/v1/models", "/v1/models/{id}", "/health", "/ready", "/memory/events", "/memory/sessions"):
        operations = answer.json["paths"][path]
        (operation,) = (operations[method] for method in ("get", "post") if method in operations)
        assert "200" in operation["responses"]


def test_the_description_is_valid(agent: Agent) -> None:
    validate(agent.get("/openapi.json").json)


def test_the_description_refers_to_nothing_that_is_missing(agent: Agent) -> None:
    described = agent.get("/openapi.json")

    for reference in set(re.findall(r'"\$ref":\s*"([^"]+)"', described.body.decode())):
        node = described.json
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert node


@pytest.mark.parametrize("page", ["/docs"])
def test_the_page_needs_no_internet(agent: Agent, page: str) -> None:
    answer = agent.get(page)

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert not re.search(rb"""(?:src|href)=["']?(?:https?:)?//""", answer.body)
