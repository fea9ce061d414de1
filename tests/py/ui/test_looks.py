"""How the chat page looks, and how it is used without eyes or without a mouse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver.common.keys import Keys

from fake_model import Call, calls, fails, says
from ui.agents import Declared
from ui.page import PHONE, WIDE, Page
from ui.test_chat import PROSE

# The share of points that have the commonest colour, and how many colours there are.
COLOURS = """
const [shot, done] = arguments;
const image = new Image();
image.onload = () => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const points = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const times = new Map();
  for (const point of points) times.set(point, (times.get(point) ?? 0) + 1);
  const [[commonest, most]] = [...times].sort((a, b) => b[1] - a[1]);
  done({ red: commonest & 255, share: most / points.length, colours: times.size });
};
image.src = "data:image/png;base64," + shot;
"""


@pytest.fixture
def talk(page: Page, calc: Declared, math: Declared) -> Iterator[Page]:
    """A conversation with everything in it, unfolded."""
    math.model.will(says("42"))
    calc.model.will(calls(Call("delegate_to_math", '{"task": "6 * 7"}'), Call("none")), says(PROSE))
    page.ask_and_wait("What is 6 * 7?")
    calc.model.will(fails(400))
    page.ask("And now?")
    page.until(lambda: page.shows(".failure") and page.shows("#send"), "the failure is shown")
    page.until(lambda: len(page.all(".timeline")) == 2, "the timelines are there")
    page.faults()
    page.script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    return page


def violations(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page.browser, options={"resultTypes": ["violations"]})
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found["violations"]]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_stands_in_the_way_of_anybody(talk: Page, size: tuple[int, int]) -> None:
    for colours in ("light", "dark"):
        talk.looks(size=size, colours=colours, motion="reduce")

        assert violations(talk) == []
        assert talk.script("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nor_do_the_dialogs(any_page: Page, calc: Declared, guarded: Declared, colours: str) -> None:
    any_page.visit(guarded.url, colours=colours)
    any_page.until(lambda: any_page.shows("#key-dialog"), "a key is asked for")
    assert violations(any_page) == []

    any_page.visit(calc.url, colours=colours)
    assert violations(any_page) == []
    any_page.click("#about")
    any_page.until(lambda: any_page.shows("#about-dialog"), "the card is shown")
    assert "Counts, and has others count." in any_page.text("#about-text")
    assert violations(any_page) == []


def test_the_colours_follow_the_system_until_they_are_chosen(page: Page) -> None:
    light = page.style("body", "backgroundColor")
    page.looks(colours="dark")
    dark = page.style("body", "backgroundColor")
    assert light != dark

    page.click("#theme")
    assert (page.text("#theme"), page.style("body", "backgroundColor")) == ("Theme: light", light)
    page.browser.refresh()
    page.until(lambda: page.text("#theme") == "Theme: light", "the choice is kept")
    page.click("#theme")
    page.looks(colours="light")
    assert (page.text("#theme"), page.style("body", "backgroundColor")) == ("Theme: dark", dark)
    page.click("#theme")
    assert (page.text("#theme"), page.style("body", "backgroundColor")) == ("Theme: auto", light)


def test_a_picture_of_it_has_something_to_see(talk: Page) -> None:
    for colours, is_light in (("light", True), ("dark", False)):
        for size in (WIDE, PHONE):
            talk.looks(size=size, colours=colours, motion="reduce")

            seen = talk.browser.execute_async_script(COLOURS, talk.browser.get_screenshot_as_base64())

            assert (seen["red"] > 128) is is_light
            assert 0.2 < seen["share"] < 0.97
            assert seen["colours"] > 50


def test_who_wants_no_motion_sees_none(page: Page, calc: Declared) -> None:
    gate = calc.model.gate()
    calc.model.will(says("Slowly", gate, "."))
    page.ask("Hello")
    page.until(lambda: page.answer == "Slowly", "the answer has begun")
    moving = "return document.getAnimations().length"

    page.looks(motion="no-preference")
    page.until(lambda: page.script(moving) > 0, "something moves")
    page.looks(motion="reduce")

    page.until(lambda: page.script(moving) == 0, "nothing moves")
    gate.open()
    page.wait_for_the_end()


def test_everything_is_done_from_the_keyboard(page: Page, calc: Declared) -> None:
    gate = calc.model.gate()
    calc.model.will(says("First."), says("Second", gate, "."))
    page.until(lambda: page.focused == "prompt", "writing can begin at once")

    page.type("One line")
    page.type_with_shift(Keys.ENTER)
    page.type("and another", Keys.ENTER)
    page.wait_for_the_end()
    assert page.text(".question") == "One line\nand another"
    assert page.focused == "prompt"

    page.type("Again", Keys.ENTER)
    page.until(lambda: page.answer == "Second", "the answer has begun")
    page.type(Keys.ESCAPE)
    page.until(lambda: page.text(".failure") == "Stopped.", "it is stopped")
    page.wait_for_the_end()

    page.focus_the_beginning()
    visited = walk(page)
    wanted = [
        "skip",
        "about",
        "theme",
        "new",
        "refresh",
        "session",
        "export",
        "delete",
        "conversation",
        "SUMMARY",
        "prompt",
        "send",
    ]
    places = [visited.index(each) for each in wanted]
    assert places == sorted(places), visited


def walk(page: Page) -> list[str]:
    """What the tabulator comes by, once around; each has an outline to be seen by."""
    visited: list[str] = []
    while len(visited) < 60:
        page.type(Keys.TAB)
        at = page.script("""
            const at = document.activeElement;
            const ring = getComputedStyle(at.id === "prompt" ? at.form : at);
            return [at.dataset.id ? "session" : at.id || at.tagName, ring.outlineStyle];
        """)
        if at[0] == "BODY" or (visited and at[0] == visited[0]):
            break
        assert at[1] != "none", f"{at[0]} has the focus, and nobody can see it"
        visited.append(at[0])
    return visited


def test_the_first_stop_leads_past_all_the_sessions(page: Page) -> None:
    page.focus_the_beginning()

    page.type(Keys.TAB)
    assert page.focused == "skip"
    assert page.find("#skip").rect["y"] >= 0
    page.type(Keys.ENTER)

    assert page.focused == "prompt"


def test_on_a_phone_the_sessions_are_a_drawer(page: Page, calc: Declared) -> None:
    page.looks(size=PHONE, motion="reduce")
    page.until(lambda: not page.shows("#new"), "the sessions are out of the way")

    page.click("#show-sessions")
    page.until(lambda: page.shows("#new") and page.focused == "new", "the sessions are there")
    assert violations(page) == []
    page.type(Keys.ESCAPE)

    page.until(lambda: not page.shows("#new"), "the sessions are out of the way again")
    assert page.focused == "show-sessions"


def test_the_policy_holds(any_page: Page, calc: Declared) -> None:
    any_page.visit(calc.url)
    any_page.requested()

    any_page.script("""
        const script = document.createElement("script");
        script.textContent = "window.hacked = 1";
        const image = document.createElement("img");
        image.src = "/favicon.ico?elsewhere";
        image.src = "http://127.0.0.1:9/image.png";
        document.body.append(script, image);
        document.body.setAttribute("style", "color: red");
        fetch("http://127.0.0.1:9/").catch(() => {});
    """)

    faults: list[str] = []
    any_page.until(lambda: faults.extend(any_page.faults()) or len(faults) >= 4, "the policy has spoken")
    assert any_page.script("return window.hacked") is None
    for what in ("script", "img-src", "style", "connect-src"):
        assert any(what in fault for fault in faults), what
