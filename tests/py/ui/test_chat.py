"""Questions and answers on the chat page."""

from __future__ import annotations

import re

from fake_model import CLOSE, Call, Usage, after, calls, fails, says
from ui.agents import Below, Declared
from ui.page import Page

TASK = Call("delegate_to_math", '{"task": "6 * 7"}')
STEP = ".turn:last-child .step"
EVIL = """<script>window.hacked = 1</script> <img src=x onerror="window.hacked = 2"> and
<svg onload="window.hacked = 3">

[click](javascript:window.hacked=4) and [mail](mailto:ada@example.org) and [web](https://example.org/?a=1&b="2")

| <b>bold</b> | x |
|---|---|
| <iframe src="javascript:window.hacked=5"></iframe> | `<i>` |

# <style>body { display: none }</style>"""
PROSE = """Two **strong** words, *one* leaning, `code`.

## A heading

1. first
2. second
   - inside

```python
print("<b>")
```

| a | b |
|---|---|
| 1 | 2 |

> said by others

snake_case_stays and 2 * 3 * 4 too"""


def test_the_answer_grows_as_it_is_told(page: Page, calc: Declared) -> None:
    gate = calc.model.gate()
    calc.model.will(says("The first half", gate, " and the rest.", usage=Usage(1200, 34)))

    page.ask("Tell me")

    page.until(lambda: page.answer == "The first half", "the first half is there")
    assert page.text(".question") == "Tell me"
    assert page.find(".answer").get_attribute("aria-busy") == "true"
    assert page.shows("#stop")
    gate.open()
    page.wait_for_the_end()
    assert page.answer == "The first half and the rest."
    assert page.find(".answer").get_attribute("aria-busy") == "false"
    assert "1,234 tokens" in page.text(".facts")
    assert "1,200 tokens read, 34 tokens written" in page.text(".usage")
    assert "1,234 tokens" in page.text("#tokens")


def test_who_listens_hears_the_whole_answer_once(page: Page, calc: Declared) -> None:
    calc.model.will(says(*[f"word{number} " for number in range(40)]))

    page.ask_and_wait("Tell me")

    spoken = [line for line in page.text("#spoken p").splitlines() if "word" in line]
    assert spoken == ["calc says: " + " ".join(f"word{number}" for number in range(40))]


def test_the_conversation_goes_on_in_its_session(page: Page, calc: Declared) -> None:
    calc.model.will(says("One."), says("Two."))

    page.ask_and_wait("Count")
    page.ask_and_wait("And on")

    assert calc.model.last.conversation == [("user", "Count"), ("assistant", "One."), ("user", "And on")]
    assert page.text(".text").splitlines() == ["One.", "Two."]


def test_a_delegation_is_shown_while_it_runs(page: Page, calc: Declared, math: Declared) -> None:
    gate = math.model.gate()
    math.model.will(after(gate, says("42")))
    calc.model.will(calls(TASK, text=("Let me ask.",)), says("It is 42."))

    page.ask("What is 6 * 7?")

    page.until(lambda: page.shows(f"{STEP}.running.delegate"), "the delegation is shown")
    assert page.text(f"{STEP} .row") == "running: asks math"
    assert page.answer == "Let me ask."
    gate.open()
    page.wait_for_the_end()
    assert page.shows(f"{STEP}.done")
    page.click(f"{STEP} summary")
    assert [each.text for each in page.all(f"{STEP} pre")] == ['{"task":"6 * 7"}', "42"]
    assert page.answer == "Let me ask.\nIt is 42."


def test_the_timeline_has_a_bar_for_what_was_measured(page: Page, calc: Declared, math: Declared) -> None:
    gate = math.model.gate()
    math.model.will(after(gate, says("42")))
    calc.model.will(calls(TASK), says("It is 42."))
    page.ask("What is 6 * 7?")
    page.until(lambda: page.shows(f"{STEP}.running"), "the delegation is shown")
    gate.open()
    page.wait_for_the_end()

    page.click(".timeline summary")

    names = [re.sub(":.*", "", name) for name in page.text(".bars .label").splitlines()]
    assert names == ["Run", "Model", "math", "Model"]
    run, first, delegation, last = (bar.rect for bar in page.all(".bars .mark"))
    assert run["width"] >= delegation["width"]
    assert first["x"] <= delegation["x"] <= last["x"]
    stored = calc.get("/memory/events").json["events"]
    assert [event["event_type"] for event in stored[-4:]] == [
        "user_message", "delegation_request", "delegation_response", "agent_response",
    ]  # fmt: skip


def test_a_call_that_went_wrong_looks_so(page: Page, calc: Declared) -> None:
    calc.model.will(calls(Call("subtract", '{"a": 1}')), says("There is no such tool."))

    page.ask_and_wait("Subtract")

    assert page.shows(f"{STEP}.broken")
    assert page.text(f"{STEP} .row").startswith("failed: calls subtract")


def test_stop_cancels_the_run_at_the_agent(page: Page, calc: Declared) -> None:
    gate = calc.model.gate()
    calc.model.will(says("It begins", gate, " and never ends."))
    page.ask("Tell me")
    page.until(lambda: page.answer == "It begins", "the answer has begun")

    page.click("#stop")

    calc.model.wait_until_asked(1).wait_until_closed()
    page.wait_for_the_end()
    assert page.text(".failure") == "Stopped."
    assert page.answer == "It begins"
    session = page.text("#session-id")
    assert calc.told(session)[-1] == ("error", "Cancelled by the client.")


def test_what_a_model_says_stays_text(page: Page, calc: Declared) -> None:
    calc.model.will(calls(Call("<img src=x onerror=alert(1)>", EVIL)), says(EVIL))

    page.ask_and_wait(EVIL)
    page.browser.refresh()
    page.until(lambda: "javascript" in page.text(".title") or page.text(".title") not in ("", "…"), "a title is there")
    page.click("#session-list a")
    page.until(lambda: page.answer, "the stored answer is there")

    assert page.script("return window.hacked") is None
    assert page.all("#turns :is(script, img, svg, iframe, style, b, i), #session-list :is(script, img)") == []
    links = [link.get_attribute("href") for link in page.all(".text a")]
    assert links == ["mailto:ada@example.org", "https://example.org/?a=1&b=%222%22"]
    assert "<script>window.hacked = 1</script>" in page.answer
    assert "[click](javascript:window.hacked=4)" in page.answer
    assert page.style("body", "display") == "grid"


def test_an_answer_is_set_as_it_is_meant(page: Page, calc: Declared) -> None:
    half = len(PROSE) // 2
    calc.model.will(says(PROSE[:half], PROSE[half:]))

    page.ask_and_wait("Write")

    for selector, text in {
        "strong": "strong",
        "em": "one",
        "p code": "code",
        "h4": "A heading",
        "ol > li:first-child": "first",
        "ol ul li": "inside",
        "pre code": 'print("<b>")',
        "th:last-child": "b",
        "td:first-child": "1",
        "blockquote p": "said by others",
        ".text > p:last-child": "snake_case_stays and 2 * 3 * 4 too",
    }.items():
        assert page.text(f".text {selector}" if not selector.startswith(".") else selector) == text


def test_a_failure_is_told_in_the_agents_own_words(any_page: Page, calc: Declared) -> None:
    calc.model.always(fails(500))
    refused = calc.chat("Hello")
    any_page.visit(calc.url)

    any_page.ask("Hello")

    any_page.until(lambda: any_page.shows(".failure"), "the failure is shown")
    assert any_page.text(".failure p:first-child") == refused.error["message"]
    assert refused.error["code"] in any_page.text(".failure .mono")
    calc.model.always(says("Better now."))
    any_page.until(lambda: any_page.shows("#send"), "the page is ready")
    any_page.click(".failure button")
    any_page.until(lambda: any_page.answer == "Better now.", "the second try is answered")
    assert len(any_page.all(".turn")) == 1
    assert all("502" in fault for fault in any_page.faults())


def test_a_failure_in_the_middle_keeps_what_was_said(page: Page, calc: Declared) -> None:
    calc.model.will(says("So far", CLOSE))

    page.ask("Hello")

    page.until(lambda: page.shows(".failure"), "the failure is shown")
    assert page.answer == "So far"
    assert "model" in page.text(".failure p:first-child")


def test_it_works_below_a_path_and_tells_of_a_broken_connection(any_page: Page, calc: Declared, below: Below) -> None:
    gate = calc.model.gate()
    calc.model.will(says("Below a path."), says("It begins", gate, " and is cut off."))
    any_page.visit(below.url, path="/ui")
    assert any_page.ask_and_wait("Where are you?") == "Below a path."

    any_page.ask("Go on")
    any_page.until(lambda: any_page.answer == "It begins", "the answer has begun")
    below.cut.set()
    gate.open()

    any_page.until(lambda: any_page.shows(".failure"), "the failure is shown")
    assert any_page.text(".failure p:first-child") == "The connection broke off before the answer was complete."
    origin = below.url.removesuffix("/agents/atlas")
    assert all(url.startswith((below.url, "data:")) for url in any_page.requested() if url.startswith(origin))


def test_a_busy_agent_says_when_to_try_again(any_page: Page, guarded: Declared) -> None:
    key = {"X-API-Key": "open-sesame"}
    gate = guarded.model.gate()
    guarded.model.will(says("Wait", gate, "."), says("Now."))
    any_page.visit(guarded.url)
    any_page.type_key("open-sesame")
    held = guarded.ask("Hold the only place", headers=key, stream=True)
    guarded.model.wait_until_asked(1)

    any_page.ask("And me?")

    any_page.until(lambda: any_page.shows(".failure"), "the refusal is shown")
    assert "too_many_runs" in any_page.text(".failure .mono")
    gate.open()
    held.rest()
    any_page.until(lambda: any_page.find(".failure button").is_enabled(), "the second try is offered")
    any_page.click(".failure button")
    any_page.until(lambda: any_page.answer == "Now.", "the second try is answered")
