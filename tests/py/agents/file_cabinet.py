"""An archive whose drawers return whatever Python has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel


class Folder(BaseModel):
    label: str
    pages: int


@dataclass
class Stamp:
    by: str
    at: datetime


agent = Agent(OpenAIChatModel("gpt-4o-mini"))


@agent.tool_plain
def folder() -> Folder:
    return Folder(label="taxes", pages=12)


@agent.tool_plain
def folders() -> list[Folder]:
    return [Folder(label="a", pages=1), Folder(label="b", pages=2)]


@agent.tool_plain
def stamp() -> Stamp:
    return Stamp(by="Ida", at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


@agent.tool_plain
def lost() -> None:
    return None


@agent.tool_plain
def scan() -> bytes:
    return "Grüße".encode()


@agent.tool_plain
def counts() -> dict[str, list[float]]:
    return {"pages": [1, 2.5]}


@agent.tool_plain
def sealed() -> bool:
    return False
