"""Needs no model server: it says what it heard, word by word."""

from collections.abc import AsyncIterator

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel


def heard(messages: list[ModelMessage]) -> str:
    prompts = [part.content for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
    return " then ".join(str(prompt) for prompt in prompts)


def answer(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    return ModelResponse(parts=[TextPart(heard(messages))])


async def answer_in_words(messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[str]:
    for number, word in enumerate(heard(messages).split(" ")):
        yield f" {word}" if number else word


agent = Agent(FunctionModel(answer, stream_function=answer_in_words), name="parrot")
