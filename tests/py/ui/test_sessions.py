"""The list of sessions on the chat page: what was said is found again, saved and forgotten."""

from __future__ import annotations

import json
from urllib.parse import quote

from selenium.webdriver.common.keys import Keys

from conformance.agent import new_session
from fake_model import Call, calls, says
from ui.agents import Declared
from ui.page import Page


def ids(page: Page) -> list[str]:
    return page.text("#session-list .id").splitlines()


def open_session(page: Page, session: str) -> None:
    page.until(lambda: session in ids(page), "the session is listed")
    page.click(f'#session-list a[data-id="{session}"]')
    page.until(lambda: page.text("#session-id") == session and page.shows(".turn"), "the session is open")


def test_a_session_is_listed_after_its_first_answer(page: Page, calc: Declared) -> None:
    before = ids(page)
    calc.model.will(says("Hello!"))

    page.ask_and_wait("Good morning")

    page.until(lambda: len(ids(page)) == len(before) + 1, "the session is listed")
    assert ids(page)[0] == page.text("#session-id")
    assert page.text("#session-list a[aria-current=page] .title") == "Good morning"
    page.browser.refresh()
    page.until(lambda: page.answer == "Hello!", "a reload leads back to it")


def test_nobody_is_led_away_from_an_answer_that_is_on_its_way(page: Page, calc: Declared) -> None:
    session = new_session()
    gate = calc.model.gate()
    calc.model.will(says("Hello!"), says("It begins", gate, "."))
    calc.chat("Hello", session_id=session)
    page.click("#refresh")
    page.until(lambda: session in ids(page), "the session is listed")
    page.ask("Tell me")
    page.until(lambda: page.answer == "It begins", "the answer has begun")

    page.click(f'#session-list a[data-id="{session}"]')

    page.until(lambda: "on its way" in page.text("#session-note"), "the reason is told")
    gate.open()
    page.wait_for_the_end()
    assert page.answer == "It begins."
    assert session not in page.script("return location.hash")


def test_a_session_is_opened_with_all_that_happened(page: Page, calc: Declared, math: Declared) -> None:
    session = new_session()
    math.model.will(says("42"))
    calc.model.will(calls(Call("delegate_to_math", '{"task": "6 * 7"}')), says("It is **42**."), says("Gladly."))
    calc.chat("What is 6 * 7?", session_id=session)
    calc.chat("Thanks", session_id=session)
    page.click("#refresh")

    open_session(page, session)

    assert page.text(".question").splitlines() == ["What is 6 * 7?", "Thanks"]
    assert page.text(".text").splitlines() == ["It is 42.", "Gladly."]
    assert page.text(".step .call") == "math"
    assert len(page.all(".timeline")) == 2
    calc.model.will(says("And so on."))
    assert page.ask_and_wait("More") == "And so on."
    assert [role for role, _ in calc.model.last.conversation] == ["user", "assistant", "user", "assistant", "user"]


def test_calls_of_one_tool_side_by_side_are_one_entry(page: Page, calc: Declared, math: Declared) -> None:
    session = new_session()
    math.model.always(says("42"))
    twice = [Call("delegate_to_math", f'{{"task": "{number}"}}', id=f"call_{number}") for number in (1, 2)]
    calc.model.will(calls(*twice), says("Both done."))
    calc.chat("Two at once", session_id=session)
    page.click("#refresh")

    open_session(page, session)

    assert page.text(".step .call") == "math \N{MULTIPLICATION SIGN}2"
    assert [name.split(":")[0] for name in page.text(".bars .label").splitlines()] == [
        "Run",
        "Model",
        "math \N{MULTIPLICATION SIGN}2",
        "Model",
    ]


def test_a_result_that_was_too_long_to_be_kept_whole_is_shown_as_far_as_it_was(
    page: Page, calc: Declared, math: Declared
) -> None:
    session = new_session()
    math.model.will(says("7" * 100_000))
    calc.model.will(calls(Call("delegate_to_math", '{"task": "write pi"}')), says("Done."))
    calc.chat("Write pi", session_id=session)
    page.click("#refresh")

    open_session(page, session)

    assert page.answer == "Done."
    assert "7" * 1000 in page.text(".step pre")
    assert page.shows(".step.done")


def test_a_failed_turn_is_shown_as_one(page: Page, calc: Declared) -> None:
    session = new_session()
    calc.model.will(*[calls(Call("no_such_tool"))] * 2)
    refused = calc.chat("Try", session_id=session)
    page.click("#refresh")

    open_session(page, session)

    assert page.text(".failure p:first-child") == refused.error["message"]
    assert refused.error["code"] in page.text(".failure .mono")


def test_an_address_leads_to_a_session(any_page: Page, calc: Declared) -> None:
    session = f"{new_session()} mit Ümläuten & more/less"
    calc.model.will(says("Hello!"))
    calc.chat("Hello", session_id=session)

    any_page.visit(calc.url, path=f"/ui#s={quote(session, safe='')}")

    any_page.until(lambda: any_page.answer == "Hello!", "the session is open")
    assert any_page.text("#session-id") == session
    any_page.click("#new")
    any_page.until(lambda: any_page.shows(".welcome"), "a new conversation begins")
    any_page.browser.back()
    any_page.until(lambda: any_page.answer == "Hello!", "the session is open again")


def test_a_session_is_saved_as_a_file(page: Page, calc: Declared) -> None:
    session = new_session()
    calc.model.will(says("Hello!"))
    calc.chat("Hello", session_id=session)
    page.click("#refresh")
    open_session(page, session)

    page.click("#export")

    file = page.downloads / f"{session}.jsonl"
    page.until(lambda: file.exists() and file.stat().st_size, "the file is there")
    assert [json.loads(line) for line in file.read_text().splitlines()] == calc.events(session)


def test_a_session_is_deleted_once_that_is_confirmed(page: Page, calc: Declared) -> None:
    session = new_session()
    calc.model.will(says("Hello!"))
    calc.chat("Hello", session_id=session)
    page.click("#refresh")
    open_session(page, session)

    page.click("#delete")
    page.until(lambda: page.focused == "delete-cancel", "it is asked whether that is meant")
    page.type(Keys.ESCAPE)
    page.until(lambda: not page.shows("#delete-dialog"), "the dialog is gone")
    assert calc.events(session) != []

    page.click("#delete")
    page.click("#delete-yes")

    page.until(lambda: session not in ids(page), "the session is no longer listed")
    assert calc.events(session) == []
    assert page.shows(".welcome")


def test_a_refusal_to_delete_is_told(any_page: Page, calc: Declared) -> None:
    session = new_session()
    calc.model.will(says("Hello!"))
    calc.chat("Hello", session_id=session)
    any_page.visit(calc.url)
    open_session(any_page, session)
    calc.send("DELETE", f"/memory/sessions/{session}", None).answer()

    any_page.click("#delete")
    any_page.click("#delete-yes")

    assert (
        any_page.until(lambda: any_page.text("#delete-fault"), "the reason is shown")
        == calc.get("/none").error["message"]
    )
