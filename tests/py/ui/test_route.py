"""The files of the chat page over plain HTTP: who gets them, and what they may do in a browser."""

from __future__ import annotations

import re

import pytest

from conformance.agent import Agent
from conformance.wire import Answer
from conftest import StartHost
from fake_model import FakeModel
from ui.agents import Declared

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FORWARDED = {"X-Forwarded-For": "192.0.2.7"}


def names_of_files(agent: Agent) -> set[str]:
    """All that the page loads, directly and by its modules."""
    page = agent.get("/ui").body.decode()
    found = set(re.findall(r'(?:href|src)="ui/([^"]+)"', page))
    waiting = list(found)
    while waiting:
        imported = re.findall(r'from "\./([^"]+)"', agent.get(f"/ui/{waiting.pop()}").body.decode())
        waiting.extend(new := set(imported) - found)
        found |= set(new)
    return found


def test_the_page_needs_no_key(guarded: Declared) -> None:
    answer = guarded.get("/ui")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert guarded.get("/memory/sessions").status == 401


def test_every_file_comes_with_the_strict_policy(calc: Declared) -> None:
    names = names_of_files(calc)

    answers = {name: calc.get(f"/ui/{name}") for name in names} | {"": calc.get("/ui")}

    assert {"ui.css", "app.js", "theme.js"} <= names
    for name, answer in answers.items():
        assert answer.status == 200, name
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        kind = "html" if name == "" else "css" if name.endswith(".css") else "javascript"
        assert answer.headers["Content-Type"] == f"text/{kind}; charset=utf-8"


def test_nothing_in_it_turns_text_into_markup(calc: Declared) -> None:
    page = calc.get("/ui").body.decode()

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    for name in names_of_files(calc):
        code = calc.get(f"/ui/{name}").body.decode()
        assert not re.search(
            r"(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", code
        )


def test_what_a_browser_has_already_is_not_sent_again(calc: Declared) -> None:
    first = calc.get("/ui/app.js")
    tag = first.headers["ETag"]

    again = calc.get("/ui/app.js", {"If-None-Match": f'"another", W/{tag}'})
    changed = calc.get("/ui/app.js", {"If-None-Match": '"another"'})

    assert re.fullmatch(r'"\w+"', tag)
    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Content-Security-Policy"] == POLICY
    assert (changed.status, changed.body) == (200, first.body)


def test_other_methods_are_as_with_every_route(calc: Declared) -> None:
    whole = calc.get("/ui")

    head = calc.send("HEAD", "/ui", None).answer()
    post = calc.post({}, "/ui")

    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert post.refusal == (405, "method_not_allowed")
    assert post.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/ui/index.html", "/ui/none.js", "/ui/../ui", "/ui/%75i.css", "/UI"])
def test_there_is_nothing_else(calc: Declared, path: str) -> None:
    assert calc.get(path).refusal == (404, "not_found")


def test_a_slash_too_many_leads_back_wherever_the_agent_is_mounted(calc: Declared) -> None:
    answer = calc.get("/ui/")

    assert (answer.status, answer.headers["Location"]) == (308, "../ui")


def test_a_foreign_host_is_refused(calc: Declared) -> None:
    assert calc.get("/ui", {"Host": "rebound.example"}).refusal == (421, "host_refused")


def test_only_this_machine_sees_it_unless_told_otherwise(calc: Declared) -> None:
    assert calc.get("/ui", FORWARDED).refusal == (404, "not_found")
    assert calc.get("/ui/app.js", FORWARDED).refusal == (404, "not_found")


@pytest.mark.parametrize(("reach", "here", "elsewhere"), [("on", 200, 200), ("loopback", 200, 404), ("off", 404, 404)])
def test_the_setting_says_who_sees_it(start_host: StartHost, reach: str, here: int, elsewhere: int) -> None:
    agent = Agent(start_host("--mock=Hello!", AGENT_NAME="hello", PAIS_UI=reach), FakeModel())

    answers: list[Answer] = [agent.get("/ui"), agent.get("/ui", FORWARDED), agent.get("/ui/app.js", FORWARDED)]

    assert [answer.status for answer in answers] == [here, elsewhere, elsewhere]
    agent.hang_up()
    agent.model.stop()
