"""Turns at the same time: of one session one after another, of several side by side."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from openai.types.chat import ChatCompletionMessageParam

from conformance.agent import Agent, new_session
from conformance.conftest import Agents, Connect
from fake_model import Asked, FakeModel, Step, after, says


def echo(asked: Asked) -> Iterable[Step]:
    return says("re ", asked.prompt)(asked)


def test_turns_of_one_session_run_in_order_of_arrival(agent: Agent, model: FakeModel, session: str) -> None:
    held = model.gate()
    model.will(after(held, says("re 1")), says("re 2"), says("re 3"), says("re 4"))

    asking = [agent.ask("1", session_id=session)]
    held.wait_until_reached()
    for prompt in "234":
        asking.append(agent.ask(prompt, session_id=session, stream=prompt == "3"))
        agent.get("/memory/sessions")  # by then it has arrived
    assert len(model.asked) == 1
    held.open()
    answers = [each.answer() for each in asking]

    assert [answer.status for answer in answers] == [200] * 4
    told = [content for _, content in agent.told(session)]
    assert told == ["1", "re 1", "2", "re 2", "3", "re 3", "4", "re 4"]
    assert [content for _, content in model.last.conversation] == told[:-1][-7:]


def test_a_waiting_turn_gets_the_history_of_the_one_before(agent: Agent, model: FakeModel, session: str) -> None:
    held = model.gate()
    model.will(says("It is", held, " 3."), says("yes"))

    first = agent.ask("1+2?", session_id=session, stream=True)
    first.next_content()
    second = agent.ask("sure?", session_id=session)
    held.open()

    assert second.answer().text == "yes"
    assert model.last.conversation == [("user", "1+2?"), ("assistant", "It is 3."), ("user", "sure?")]


def test_other_sessions_do_not_wait(agent: Agent, model: FakeModel, session: str) -> None:
    held = model.gate()
    model.will(after(held, says("slow")), says("quick"), says("quick too"))

    slow = agent.ask("hi", session_id=session)
    held.wait_until_reached()

    assert agent.chat("hi", session_id=new_session()).text == "quick"
    assert agent.chat("hi").text == "quick too"
    held.open()
    assert slow.answer().text == "slow"


def test_turns_of_one_session_may_overlap_where_that_is_set(agents: Agents, session: str) -> None:
    agent = agents(PAIS_SESSION_SERIAL="false")
    held = agent.model.gate()
    agent.model.will(after(held, says("slow")), says("quick"))

    slow = agent.ask("hi", session_id=session)
    held.wait_until_reached()

    assert agent.chat("hi", session_id=session).text == "quick"
    held.open()
    assert slow.answer().text == "slow"


def test_an_agent_that_asks_never_waits(agent: Agent, model: FakeModel, session: str) -> None:
    held = model.gate()
    model.will(after(held, says("slow")), says("quick"))

    slow = agent.ask("hi", session_id=session)
    held.wait_until_reached()

    delegated = agent.chat("hi", session_id=session, headers={"X-PAIS-Delegation-Depth": "1"})
    assert delegated.text == "quick"
    held.open()
    assert slow.answer().text == "slow"


def test_fifty_clients_are_served_at_once(agent: Agent, model: FakeModel, connect: Connect) -> None:
    held = model.gate()
    model.always(after(held, echo))
    client = connect(agent)

    def ask(number: int) -> str:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"number {number}"}]
        if number % 2 == 0:
            return client.chat.completions.create(model="calc", messages=messages).choices[0].message.content or ""
        chunks = client.chat.completions.create(model="calc", messages=messages, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    with ThreadPoolExecutor(50) as pool:
        answers = pool.map(ask, range(50))
        model.wait_until_asked(50)
        held.open()

    assert list(answers) == [f"re number {number}" for number in range(50)]


def test_fifty_turns_of_one_session_are_all_answered(agent: Agent, model: FakeModel, session: str) -> None:
    model.always(echo)

    asking = [agent.ask(str(number), session_id=session) for number in range(50)]

    assert [each.answer().text for each in asking] == [f"re {number}" for number in range(50)]
    told = [content for _, content in agent.told(session)]
    assert [f"re {prompt}" for prompt in told[::2]] == told[1::2], "each answer follows its prompt"
