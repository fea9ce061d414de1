"""The agent card of A2A, as pydantic models: attributes in Python's spelling, JSON in camelCase."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

PROTOCOL_VERSION = "0.3.0"
JSON_ONLY = ["application/json"]


class CardModel(BaseModel):
    """May be filled by either spelling of a name."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class AgentCardSkill(CardModel):
    id: str
    name: str
    description: str
    tags: list[str] = []
    input_modes: list[str] = JSON_ONLY
    output_modes: list[str] = JSON_ONLY


class AgentCardCapabilities(CardModel):
    streaming: bool = True
    push_notifications: bool = False
    state_transition_history: bool = False


class AgentCard(CardModel):
    name: str
    description: str
    url: str
    version: str
    protocol_version: str = PROTOCOL_VERSION
    skills: list[AgentCardSkill] = []
    capabilities: AgentCardCapabilities = AgentCardCapabilities()
    default_input_modes: list[str] = JSON_ONLY
    default_output_modes: list[str] = JSON_ONLY

    def to_dict(self) -> dict[str, Any]:
        """The card as it stands on the wire."""
        return self.model_dump(by_alias=True)
