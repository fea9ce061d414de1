"""The names that code written for a served agent imports from here; each lives in a module of its own."""

from pais.card import AgentCard, AgentCardCapabilities, AgentCardSkill
from pais.compat import (
    _build_chat_response,
    _build_mock_model_function,
    _build_streaming_chunk,
    _extract_user_prompt,
    _MockResponseState,
    _resolve_model,
)
from pais.deps import AgentDeps
from pais.remote_agent import RemoteAgent
from pais.settings import AgentServerSettings

__all__ = [
    "AgentCard",
    "AgentCardCapabilities",
    "AgentCardSkill",
    "AgentDeps",
    "AgentServerSettings",
    "RemoteAgent",
    "_MockResponseState",
    "_build_chat_response",
    "_build_mock_model_function",
    "_build_streaming_chunk",
    "_extract_user_prompt",
    "_resolve_model",
]
