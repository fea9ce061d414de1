"""Keeps only the latest question and answer in mind, and nothing that looks like a card number."""

import re

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart
from pydantic_ai.models.openai import OpenAIChatModel

CARD = re.compile(r"\d{16}")


def latest_only(messages: list[ModelMessage]) -> list[ModelMessage]:
    for message in messages:
        if isinstance(message, ModelRequest):
            for part in message.parts:
                if isinstance(part, UserPromptPart) and isinstance(part.content, str):
                    part.content = CARD.sub("[card]", part.content)
    return messages[-3:]


model = OpenAIChatModel("gpt-4o-mini")
try:  # where pydantic-ai has capabilities, this is one
    from pydantic_ai.capabilities import ProcessHistory

    agent = Agent(model, capabilities=[ProcessHistory(latest_only)])
except ImportError:
    agent = Agent(model, history_processors=[latest_only])
