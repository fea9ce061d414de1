"""The key on the chat page: asked for when it is needed, kept in the tab, and told to nobody but the agent."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from fake_model import says
from ui.agents import Declared
from ui.conftest import KEY
from ui.page import Page


def stored(page: Page) -> str:
    return str(page.script("return JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"))


def test_a_key_is_asked_for_and_then_works(any_page: Page, guarded: Declared) -> None:
    guarded.model.will(says("Welcome."))
    any_page.visit(guarded.url)

    any_page.type_key("wrong")
    any_page.until(lambda: any_page.text("#key-fault") == "The agent did not take the key.", "the key is refused")
    any_page.type_key(KEY)

    assert any_page.ask_and_wait("Hello") == "Welcome."
    assert stored(any_page) == f'[{{"pais.key":"{KEY}"}},{{}},""]'
    assert not [url for url in any_page.requested() if KEY in url]
    assert KEY not in any_page.script("return location.href + document.documentElement.outerHTML")
    assert all("401" in fault for fault in any_page.faults())


def test_a_reload_keeps_the_key(any_page: Page, guarded: Declared) -> None:
    any_page.visit(guarded.url)
    any_page.type_key(KEY)
    any_page.until(lambda: any_page.shows("#key"), "the key is known")
    any_page.faults()

    any_page.browser.refresh()

    any_page.until(lambda: any_page.shows("#key"), "the key is known")
    assert not any_page.shows("#key-dialog")
    assert any_page.faults() == []


def test_without_a_key_the_refusal_is_told_and_a_question_asks_again(any_page: Page, guarded: Declared) -> None:
    guarded.model.will(says("Welcome."))
    any_page.visit(guarded.url)
    any_page.until(lambda: any_page.shows("#key-dialog"), "a key is asked for")
    any_page.type(Keys.ESCAPE)
    refusal = guarded.get("/memory/sessions").error["message"]
    any_page.until(lambda: any_page.text("#session-note") == refusal, "the refusal is told")

    assert any_page.shows("#key")

    any_page.ask("Hello")
    any_page.type_key(KEY)

    any_page.until(lambda: any_page.answer == "Welcome.", "the question is answered")


def test_what_cannot_be_a_key_is_not_sent(any_page: Page, guarded: Declared) -> None:
    any_page.visit(guarded.url)

    any_page.type_key("schlüssel\u00a0loch")

    assert "letters" in any_page.text("#key-fault")
    assert any_page.shows("#key-dialog")
