"""The error classes of the public client, and what it repeats by itself."""

from __future__ import annotations

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from conformance.agent import Agent
from conformance.conftest import Agents, Connect
from fake_model import RESET, Call, FakeModel, after, calls, fails, nobody_listens, says

HI: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "hi"}]


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("nobody")

    assert refused.value.code == "model_not_found"


def test_an_unreachable_model_is_an_internal_server_error(agents: Agents, connect: Connect) -> None:
    with nobody_listens() as url:
        client = connect(agents(MODEL_API_URL=url, PAIS_MODEL_RETRIES="0"))

        with pytest.raises(openai.InternalServerError) as failed:
            client.chat.completions.create(model="calc", messages=HI)

    assert failed.value.status_code == 502
    assert failed.value.code == "model_unreachable"
    assert failed.value.type == "model_error"


def test_a_slow_model_is_an_internal_server_error(agents: Agents, connect: Connect) -> None:
    agent = agents(PAIS_MODEL_TIMEOUT_SECONDS="0.3", PAIS_MODEL_RETRIES="0")
    agent.model.will(after(agent.model.gate(), says("late")))

    with pytest.raises(openai.InternalServerError) as failed:
        connect(agent).chat.completions.create(model="calc", messages=HI)

    assert failed.value.status_code == 504


def test_an_agent_without_a_model_is_an_internal_server_error(agents: Agents, connect: Connect) -> None:
    with pytest.raises(openai.InternalServerError) as failed:
        connect(agents(MODEL_API_URL="")).chat.completions.create(model="calc", messages=HI)

    assert failed.value.status_code == 503
    assert failed.value.code == "not_configured"


def test_too_many_runs_are_a_rate_limit_error(agents: Agents, connect: Connect) -> None:
    agent = agents(PAIS_MAX_RUNS="1", PAIS_QUEUE_SECONDS="0")
    held = agent.model.gate()
    agent.model.will(after(held, says("first")))
    first = agent.ask("hi")
    held.wait_until_reached()

    with pytest.raises(openai.RateLimitError) as refused:
        connect(agent).chat.completions.create(model="calc", messages=HI)

    assert refused.value.code == "too_many_runs"
    assert refused.value.response.headers["Retry-After"] == "1"
    assert agent.get("/ready").status == 200, "probes do not queue behind runs"
    held.open()
    assert first.answer().text == "first"


def test_a_run_that_waits_in_the_queue_is_answered_when_there_is_room(agents: Agents) -> None:
    agent = agents(PAIS_MAX_RUNS="1", PAIS_QUEUE_SECONDS="20")
    held = agent.model.gate()
    agent.model.will(after(held, says("first")), says("second"))
    first = agent.ask("hi")
    held.wait_until_reached()

    second = agent.ask("hi")
    held.open()

    assert first.answer().text == "first"
    assert second.answer().text == "second"


def test_a_wrong_key_is_an_authentication_error(agents: Agents, connect: Connect) -> None:
    agent = agents(AGENT_AUTH_REQUIRED="true", AGENT_API_KEY="right,spare")
    agent.model.always(says("yes"))

    with pytest.raises(openai.AuthenticationError) as refused:
        connect(agent, api_key="wrong").chat.completions.create(model="calc", messages=HI)

    assert refused.value.code == "unauthorized"
    assert connect(agent, api_key="right").chat.completions.create(model="calc", messages=HI).choices
    assert agent.chat("hi", headers={"X-API-Key": "spare"}).text == "yes"
    assert agent.get("/health").status == agent.get("/ready").status == 200


def test_a_failure_in_mid_stream_is_raised(client: openai.OpenAI, model: FakeModel) -> None:
    held = model.gate()
    model.will(says("It is", held, RESET))
    stream = client.chat.completions.create(model="calc", messages=HI, stream=True)
    assert next(stream).choices[0].delta.role == "assistant"
    assert next(stream).choices[0].delta.content == "It is"
    held.open()

    with pytest.raises(openai.APIError) as failed:
        next(stream)

    assert failed.value.code == "model_error"


def test_a_failure_before_the_stream_has_its_class(client: openai.OpenAI, model: FakeModel) -> None:
    model.will(fails(401))

    with pytest.raises(openai.InternalServerError) as failed:
        client.chat.completions.create(model="calc", messages=HI, stream=True)

    assert failed.value.code == "model_rejected"


def test_what_repeating_cannot_help_is_not_repeated_by_the_client(agents: Agents, connect: Connect) -> None:
    agent = agents(AGENTIC_LOOP_MAX_STEPS="1")
    agent.model.will(calls(Call("a")))

    with pytest.raises(openai.InternalServerError) as failed:
        connect(agent, max_retries=2).chat.completions.create(model="calc", messages=HI)

    assert failed.value.code == "step_limit_exceeded"
    assert len(agent.model.asked) == 1


def test_what_may_pass_is_repeated_by_the_client(agents: Agents, connect: Connect) -> None:
    agent = agents(PAIS_MODEL_RETRIES="0")
    agent.model.will(fails(500), says("yes"))

    completion = connect(agent, max_retries=2).chat.completions.create(model="calc", messages=HI)

    assert completion.choices[0].message.content == "yes"


def test_errors_are_the_same_for_the_raw_reader(agent: Agent, model: FakeModel) -> None:
    model.will(fails(401))

    answer = agent.chat("hi")

    assert set(answer.json) == {"error", "detail"}
    assert set(answer.error) == {"message", "type", "param", "code", "upstream_status"}
    assert answer.headers["x-should-retry"] == "false"
