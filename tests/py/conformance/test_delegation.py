"""Tasks handed to other agents: what they are sent, what comes back, and what is seen of it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from chat_peer import Peer
from conformance.agent import Agent
from conformance.conftest import Agents
from conformance.test_tool_calls import progress, results
from conformance.wire import PATIENCE
from fake_model import Call, calls, nobody_listens, says

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def lead(agents: Agents, peer: Peer) -> Agent:
    """An agent that may delegate to `peer`, which it knows as worker."""
    return agents(AGENT_SUB_AGENTS=f"worker:{peer.url}")


def delegates(task: str = "dig", to: str = "worker", id: str = "c1") -> Call:
    return Call(f"delegate_to_{to}", json.dumps({"task": task}), id=id)


def test_a_task_is_sent_with_the_prompt_and_its_answer_is_read_by_the_model(lead: Agent, peer: Peer) -> None:
    lead.model.will(calls(delegates("dig a hole")), says("It is dug."))

    answer = lead.chat("one")

    ((path, _, body),) = peer.asked
    assert path == "/v1/chat/completions"
    assert body == {
        "model": "worker",
        "messages": [{"role": "user", "content": "one"}, {"role": "task-delegation", "content": "dig a hole"}],
        "stream": False,
    }
    assert results(lead.model.last.body) == [("c1", "done")]
    assert answer.text == "It is dug."


def test_the_last_messages_of_the_conversation_go_along(lead: Agent, peer: Peer, session: str) -> None:
    lead.model.will(says("first"), calls(delegates()), says("second"))
    lead.chat("one", session_id=session)

    lead.chat("two", session_id=session)

    assert [(each["role"], each["content"]) for each in peer.asked[0][2]["messages"]] == [
        ("user", "one"),
        ("assistant", "first"),
        ("user", "two"),
        ("task-delegation", "dig"),
    ]


def test_no_more_messages_go_along_than_the_context_limit(agents: Agents, peer: Peer, session: str) -> None:
    lead = agents(AGENT_SUB_AGENTS=f"worker:{peer.url}", MEMORY_CONTEXT_LIMIT="2")
    lead.model.will(says("1"), says("2"), calls(delegates()), says("3"))
    for prompt in ("one", "two", "three"):
        lead.chat(prompt, session_id=session)

    said = [each["content"] for each in peer.asked[0][2]["messages"]]

    assert said == ["two", "2", "three", "dig"]


def test_without_memory_the_task_goes_alone(agents: Agents, peer: Peer) -> None:
    lead = agents(AGENT_SUB_AGENTS=f"worker:{peer.url}", MEMORY_ENABLED="false")
    lead.model.will(calls(delegates()), says("done"))

    lead.chat("one")

    assert [each["role"] for each in peer.asked[0][2]["messages"]] == ["task-delegation"]


def test_the_tool_is_described_by_the_card(lead: Agent, peer: Peer) -> None:
    offered = wait_for_description(lead, "Delegate a task to the worker agent: Works.")

    assert offered["name"] == "delegate_to_worker"
    assert offered["parameters"]["required"] == ["task"]
    assert offered["parameters"]["properties"]["task"]["type"] == "string"


def wait_for_description(lead: Agent, text: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        lead.model.will(says("hi"))
        lead.chat("hello")
        (offered,) = [tool["function"] for tool in lead.model.last.body["tools"]]
        if offered["description"] == text:
            return dict(offered)
        assert time.monotonic() < deadline, offered


def test_an_agent_without_a_card_can_be_asked(start_agent: Agents) -> None:
    peer = Peer()
    peer.card = None
    lead = start_agent(AGENT_SUB_AGENTS=f"worker:{peer.url}")
    lead.model.will(calls(delegates()), says("done"))

    lead.chat("one")

    (offered,) = lead.model.asked[0].body["tools"]
    assert offered["function"]["description"] == "Delegate a task to the worker agent."
    assert results(lead.model.last.body) == [("c1", "done")]
    peer.stop()


def test_where_a_task_comes_from_is_told_in_headers(lead: Agent, peer: Peer, session: str) -> None:
    lead.model.will(calls(delegates()), says("done"))

    lead.chat("one", session_id=session, headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})

    headers = peer.headers(0)
    assert headers["x-pais-delegation-depth"] == "1"
    assert headers["x-pais-delegation-path"] == "calc"
    assert 0 < float(headers["x-pais-budget-seconds"]) <= 60
    assert headers["traceparent"].split("-")[1] == TRACE
    assert f"session.id={session}" in headers["baggage"]
    assert "x-session-id" not in headers
    assert "authorization" not in headers


def test_the_chain_above_is_handed_on(lead: Agent, peer: Peer) -> None:
    lead.model.will(calls(delegates()), says("done"))

    above = {"X-PAIS-Delegation-Depth": "2", "X-PAIS-Delegation-Path": "boss,my%20friend"}
    lead.chat("one", headers=above)

    assert peer.headers(0)["x-pais-delegation-depth"] == "3"
    assert peer.headers(0)["x-pais-delegation-path"] == "boss,my%20friend,calc"


@pytest.mark.parametrize(
    "above",
    [
        {"X-PAIS-Delegation-Depth": "1", "X-PAIS-Delegation-Path": "worker"},
        {"X-PAIS-Delegation-Depth": "8", "X-PAIS-Delegation-Path": "a,b,c,d,e,f,g,h"},
    ],
    ids=["to an agent above", "too deep"],
)
def test_a_chain_that_leads_nowhere_is_refused_without_a_call(lead: Agent, peer: Peer, above: dict[str, str]) -> None:
    lead.model.will(calls(delegates()), says("done"))

    assert lead.chat("one", headers=above).text == "done"

    assert results(lead.model.last.body) == [("c1", "[Delegation failed: too many hops]")]
    assert peer.asked == []


def test_a_conversation_there_can_be_kept_over_turns(agents: Agents, peer: Peer, session: str) -> None:
    lead = agents(AGENT_SUB_AGENTS=f"worker:{peer.url}", PAIS_DELEGATION_SESSION="same")
    lead.model.will(calls(delegates()), says("1"), calls(delegates()), says("2"))

    lead.chat("one", session_id=session)
    lead.chat("two", session_id=session)

    assert [peer.headers(at)["x-session-id"] for at in (0, 1)] == [f"{session}.worker"] * 2


def test_an_agent_gets_its_own_key_and_the_credentials_of_its_url(agents: Agents, peer: Peer) -> None:
    url = peer.url.replace("http://", "http://me:secret@")
    lead = agents(AGENT_SUB_AGENTS=f"worker:{url}", PEER_AGENT_WORKER_API_KEY="k-123")
    lead.model.will(calls(delegates()), says("done"))

    lead.chat("one")

    assert peer.headers(0)["x-api-key"] == "k-123"
    assert peer.headers(0)["authorization"] == "Basic bWU6c2VjcmV0"
    assert "k-123" not in lead.output
    assert "secret" not in lead.output


def test_peers_are_found_by_the_platforms_variables(agents: Agents, peer: Peer) -> None:
    lead = agents(PEER_AGENTS="[my-worker]", PEER_AGENT_MY_WORKER_CARD_URL=peer.url + "/")
    lead.model.will(calls(delegates(to="my-worker")), says("done"))

    lead.chat("one")

    assert peer.asked[0][2]["model"] == "my-worker"


@pytest.mark.parametrize("tail", ["/.well-known/agent.json", "/v1/", "/v1/chat/completions"])
def test_an_agent_is_found_by_an_address_that_says_too_much(agents: Agents, peer: Peer, tail: str) -> None:
    lead = agents(PEER_AGENTS="worker", PEER_AGENT_WORKER_CARD_URL=peer.url + tail)
    lead.model.will(calls(delegates()), says("done"))

    lead.chat("one")

    assert [path for path, _, _ in peer.asked] == ["/v1/chat/completions"]
    assert f"whose address is taken to be {peer.url}" in lead.output


def test_tools_have_names_that_models_take(agents: Agents, peer: Peer) -> None:
    names = ["math.team", "größe", "x" * 70, "plain-name"]
    lead = agents(AGENT_SUB_AGENTS=",".join(f"{name}:{peer.url}" for name in names))
    lead.model.will(calls(delegates(to="math_team")), says("done"))

    lead.chat("one")

    offered = [tool["function"]["name"] for tool in lead.model.asked[0].body["tools"]]
    assert len(offered) == len(names)
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in offered), offered
    assert "delegate_to_plain-name" in offered
    assert results(lead.model.last.body) == [("c1", "done")]
    assert peer.asked[0][2]["model"] == "math.team"


def test_delegations_of_one_answer_run_in_parallel(agents: Agents, peer: Peer) -> None:
    lead = agents(AGENT_SUB_AGENTS=f"worker:{peer.url},other:{peer.url}")
    lead.model.will(calls(delegates("a", id="c1"), delegates("b", to="other", id="c2")), says("done"))
    peer.wait_for(2)

    assert lead.chat("one").text == "done"

    assert {body["model"] for _, _, body in peer.asked} == {"worker", "other"}


def test_progress_and_memory_tell_of_a_delegation(lead: Agent, peer: Peer, session: str) -> None:
    lead.model.will(calls(delegates()), says("It is dug."))

    streamed = lead.stream("one", session_id=session)

    assert streamed.contents == [progress("worker", action="delegate"), "It is dug."]
    assert lead.told(session) == [
        ("user_message", "one"),
        ("delegation_request", {"tool": "delegate_to_worker", "arguments": {"task": "dig"}}),
        ("delegation_response", {"tool": "delegate_to_worker", "result": "done"}),
        ("agent_response", "It is dug."),
    ]


def test_what_others_used_stands_beside_the_turns_own_usage(lead: Agent, peer: Peer) -> None:
    peer.answer = {**peer.answer, "usage": {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34}}
    lead.model.will(calls(delegates()), says("done"), calls(delegates()), says("done"))

    usage = lead.chat("one").json["usage"]
    streamed = lead.stream("one", stream_options={"include_usage": True})

    assert usage["delegations"] == {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34}
    assert usage["total_tokens"] == 14
    assert streamed.chunks[-1]["usage"]["delegations"]["total_tokens"] == 34


def test_what_is_wrong_with_a_call_is_told_to_the_model(lead: Agent, peer: Peer) -> None:
    lead.model.will(calls(Call("delegate_to_worker", "{}", id="c1")), calls(delegates(id="c2")), says("done"))

    assert lead.chat("one").text == "done"

    first, second = results(lead.model.last.body)
    assert "task" in first[1]
    assert second == ("c2", "done")


def test_a_failure_is_a_result_and_never_fails_the_turn(start_agent: Agents, session: str) -> None:
    peer = Peer()
    lead = start_agent(AGENT_SUB_AGENTS=f"worker:{peer.url},nobody:{nowhere()}", PAIS_DELEGATION_TIMEOUT_SECONDS="0.5")

    def outcome(to: str = "worker") -> str:
        lead.model.will(calls(delegates(to=to)), says("done"))
        assert lead.chat("one", session_id=session).text == "done"
        ((_, text),) = results(lead.model.last.body)
        return text

    def of(status: int, answer: Any) -> str:
        peer.status, peer.answer = status, answer
        text = outcome()
        peer.behave()
        assert outcome() == "done"
        return text

    assert of(500, {"detail": "SECRET"}) == "[Delegation failed: Agent worker answered 500]"
    assert of(404, {}) == "[Delegation failed: Agent worker answered 404]"
    assert of(302, {}) == "[Delegation failed: Agent worker answered 302]"
    assert of(200, b"<html>") == "[Delegation failed: Agent worker sent no usable answer]"
    assert of(200, {"choices": []}) == "[Delegation failed: Agent worker sent no usable answer]"
    assert outcome("nobody") == "[Delegation failed: Agent nobody unavailable]"
    assert len({path for path, _, _ in peer.asked}) == 1  # no redirect was followed
    peer.silent = True
    assert outcome() == "[Delegation failed: Agent worker timed out]"

    responses = [content for kind, content in lead.told(session) if kind == "delegation_response"]
    assert [each.get("is_error", False) for each in responses[:2]] == [True, False]
    assert "SECRET" not in json.dumps(responses)
    peer.stop()


def nowhere() -> str:
    with nobody_listens() as url:
        return url


def test_an_agent_that_keeps_failing_is_not_asked_for_a_while(start_agent: Agents) -> None:
    peer = Peer()
    peer.status = 500
    lead = start_agent(AGENT_SUB_AGENTS=f"worker:{peer.url}")
    for _ in range(6):
        lead.model.will(calls(delegates()), says("done"))
        lead.chat("one")

    assert results(lead.model.last.body) == [("c1", "[Delegation failed: Agent worker unavailable]")]
    assert len(peer.asked) == 5
    assert lead.get("/ready").json["degraded"] == ["agent:worker"]
    peer.stop()


def test_a_client_that_hangs_up_calls_the_task_off(start_agent: Agents, session: str) -> None:
    peer = Peer()
    peer.silent = True
    lead = start_agent(AGENT_SUB_AGENTS=f"worker:{peer.url}")
    lead.model.will(calls(delegates()))
    asking = lead.ask("one", session_id=session)
    assert peer.somebody_waits.wait(PATIENCE)

    asking.leave()

    assert peer.somebody_left.wait(PATIENCE)
    peer.stop()


def test_an_agent_that_is_away_is_told_by_ready_and_by_metrics(start_agent: Agents) -> None:
    lead = start_agent(AGENT_SUB_AGENTS=f"worker:{nowhere()}", PAIS_METRICS="true")
    deadline = time.monotonic() + PATIENCE
    while "degraded" not in (ready := lead.get("/ready")).json:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert ready.status == 200
    assert ready.json["degraded"] == ["agent:worker"]
    assert 'pais_delegation_peer_up{peer="worker"} 0' in lead.get("/metrics").body.decode()


def test_link_local_and_metadata_addresses_are_never_called(start_agent: Agents) -> None:
    lead = start_agent(AGENT_SUB_AGENTS="cloud:http://169.254.169.254,mapped:http://[::ffff:169.254.169.254]")
    lead.model.will(calls(delegates(to="cloud", id="c1"), delegates(to="mapped", id="c2")), says("done"))

    lead.chat("one")

    assert [text for _, text in results(lead.model.last.body)] == [
        "[Delegation failed: Agent cloud unavailable]",
        "[Delegation failed: Agent mapped unavailable]",
    ]
    assert "its address is not one to be called" in lead.output


def test_a_proxy_is_not_asked_for_them_either(agents: Agents, peer: Peer) -> None:
    lead = agents(
        AGENT_SUB_AGENTS="cloud:http://169.254.169.254,whole:http://2852039166",
        HTTP_PROXY=peer.url,
        http_proxy=peer.url,
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
    )
    lead.model.will(calls(delegates(to="cloud", id="c1"), delegates(to="whole", id="c2")), says("done"))

    lead.chat("one")

    assert [text for _, text in results(lead.model.last.body)] == [
        "[Delegation failed: Agent cloud unavailable]",
        "[Delegation failed: Agent whole unavailable]",
    ]
    assert peer.asked == []


def test_only_listed_hosts_are_called_when_there_is_a_list(start_agent: Agents, peer: Peer) -> None:
    other = peer.url.replace("127.0.0.1", "localhost")
    lead = start_agent(AGENT_SUB_AGENTS=f"listed:{peer.url},other:{other}", PAIS_DELEGATION_ALLOWED_HOSTS="127.0.0.1")
    lead.model.will(calls(delegates(to="listed", id="c1"), delegates(to="other", id="c2")), says("done"))

    lead.chat("one")

    assert [text for _, text in results(lead.model.last.body)] == [
        "done",
        "[Delegation failed: Agent other unavailable]",
    ]
