"""Names with an underscore that tests of existing agents import, and other things kept for their sake alone.

Nothing of the host needs what is here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pais.scripted import NO_MORE, script_in_environment, scripted_model, scripted_response

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model
    from pydantic_ai.models.function import AgentInfo

PROMPT_ROLES = ("user", "task-delegation")
Handler = Callable[["list[ModelMessage]", "AgentInfo"], Awaitable["ModelResponse"]]


class _MockResponseState:
    """A script and what is left of it: `reset()` winds it to its beginning, as the start of a turn does."""

    def __init__(self, template: Sequence[str]) -> None:
        self.template = list(template)
        self.responses: list[str] = []

    def reset(self) -> None:
        self.responses = list(self.template)


def _build_mock_model_function() -> tuple[Handler, _MockResponseState] | tuple[None, None]:
    """A function for a FunctionModel that uses up the script in the environment, and its state; nothing without one."""
    script = script_in_environment()
    if script is None:
        return None, None
    state = _MockResponseState(script)

    async def mock_handler(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return scripted_response(state.responses.pop(0) if state.responses else NO_MORE)

    return mock_handler, state


def _resolve_model(
    name: str,
    *,
    model: Any = None,
    model_api_url: str | None = None,
    model_name: str | None = None,
    tool_call_mode: str = "auto",
) -> tuple[Any, _MockResponseState | None]:
    """The model the settings ask for, as a pydantic-ai one, and the state of a script."""
    if model is not None:
        return model, None
    script = script_in_environment()
    if script is not None:
        state = _MockResponseState(script)
        return scripted_model(state.template), state
    if not model_api_url or not model_name:
        raise ValueError(
            f"Agent requires either a model, MODEL_API_URL and MODEL_NAME, or DEBUG_MOCK_RESPONSES: {name} has none"
        )
    base_url = completed(model_api_url)
    if tool_call_mode.lower() == "string":
        return string_model(base_url, model_name), None
    return openai_model(base_url, model_name), None


def completed(url: str) -> str:
    address = url.rstrip("/")
    return address if address.endswith("/v1") else f"{address}/v1"


def string_model(base_url: str, model_name: str) -> Model:
    from pydantic_ai.models.function import FunctionModel

    from pais.string_mode import build_string_mode_handler

    return FunctionModel(build_string_mode_handler(base_url, model_name), model_name=f"string:{model_name}")


def openai_model(base_url: str, model_name: str) -> Model:
    try:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider
    except ImportError as absent:
        raise ImportError("this model needs the openai client: pip install 'pydantic-ai-slim[openai]'") from absent
    return OpenAIChatModel(model_name, provider=OpenAIProvider(base_url=base_url, api_key="not-needed"))


def _extract_user_prompt(message: str | Sequence[Mapping[str, Any]]) -> Any:
    """A text itself; of messages the content of the last one by the user or a delegating agent, "" without one."""
    if isinstance(message, str):
        return message
    prompts = [item for item in message if item.get("role", "user") in PROMPT_ROLES]
    return (prompts[-1].get("content") or "") if prompts else ""


def _build_streaming_chunk(
    session_id: str, created_at: int, model_name: str, content: str | None = None, finish_reason: str | None = None
) -> str:
    """One server-sent event of a streamed answer."""
    delta = {"content": content} if content else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps(answer(session_id, '.chunk', created_at, model_name, choice))}\n\n"


def _build_chat_response(model_name: str, content: str, *, session_id: str) -> dict[str, Any]:
    """A whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return {**answer(session_id, "", int(time.time()), model_name, choice), "usage": usage}


def answer(session_id: str, kind: str, created: int, model: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": session_id,
        "object": f"chat.completion{kind}",
        "created": created,
        "model": model,
        "choices": [choice],
    }
