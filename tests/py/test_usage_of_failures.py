"""What a turn has used, told though it failed: agents above count it."""

from __future__ import annotations

import pytest
from openai import APIStatusError, OpenAI
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from pais.testing import ServeAgent

USED = {
    "prompt_tokens": 30,
    "completion_tokens": 4,
    "total_tokens": 34,
    "prompt_tokens_details": {"cached_tokens": 8},
}


class Dropped(Exception):
    pass


def calls_the_tool(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
    usage = RequestUsage(input_tokens=30, output_tokens=4, cache_read_tokens=8)
    return ModelResponse(parts=[ToolCallPart("drop", {})], usage=usage)


@pytest.fixture
def failing() -> Agent[None, str]:
    """With a model of its own, of whose calls the host hears nothing."""
    agent: Agent[None, str] = Agent(FunctionModel(calls_the_tool))

    @agent.tool_plain
    def drop() -> str:
        raise Dropped

    return agent


def test_by_an_agent_whose_model_is_its_own(serve_agent: ServeAgent, failing: Agent[None, str]) -> None:
    served = serve_agent(failing)

    with OpenAI(base_url=served.base_url, api_key="none", max_retries=0) as client:
        with pytest.raises(APIStatusError) as refused:
            client.chat.completions.create(model="agent", messages=[{"role": "user", "content": "go"}])
        assert refused.value.response.json()["usage"] == USED
