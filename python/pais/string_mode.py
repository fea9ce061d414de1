"""Tool calls for models that have no function calling: tools are described in the prompt, calls are read from the text.

Served agents have this in C++; here it is for Python code that builds such a model by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pais.http_call import call

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models.function import AgentInfo
    from pydantic_ai.tools import ToolDefinition

Handler = Callable[["list[ModelMessage]", "AgentInfo"], Awaitable["ModelResponse"]]

REQUEST_TIMEOUT = 60.0
FORM = '{"tool_calls": [{"name": "tool_name", "arguments": {"arg1": "value1"}}]}'
TOOL_PROMPT_TEMPLATE = f"""\
Some work needs tools. To use one, answer with nothing but a JSON object of this form:

{FORM.replace("{", "{{").replace("}", "}}")}

Available tools:
{{tool_descriptions}}

The whole answer must be that object; several calls may stand in its list. An answer in plain text, without JSON, is
taken as the final one."""

FENCED = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL)
TAGGED = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)


def build_tool_descriptions(tools: Sequence[ToolDefinition]) -> str:
    """The list of tools in the prompt; empty when there are none."""
    return "\n".join(line for tool in tools for line in description_lines(tool))


def description_lines(tool: ToolDefinition) -> Iterator[str]:
    yield f"- {tool.name}: {tool.description or 'No description'}"
    properties: Mapping[str, Any] = tool.parameters_json_schema.get("properties") or {}
    required = tool.parameters_json_schema.get("required") or []
    if properties:
        yield "  Parameters:"
    for name, schema in properties.items():
        needed = " (required)" if name in required else ""
        why = f" — {schema['description']}" if schema.get("description") else ""
        yield f"    - {name}: {schema.get('type', 'any')}{needed}{why}"


def parse_tool_calls_from_text(text: str | None) -> list[dict[str, Any]] | None:
    """The tool calls an answer consists of or contains; None when it is a final text."""
    for value in candidates(text or ""):
        if calls := calls_in(value):
            return calls
    return None


def candidates(text: str) -> Iterator[Any]:
    """The JSON in an answer, the likeliest reading first."""
    yield parsed(text)
    yield [value for tagged in TAGGED.findall(text) if (value := parsed(tagged)) is not None]
    if fenced := FENCED.search(text):
        yield parsed(fenced[1])
    yield parsed(text[text.find("{") : text.rfind("}") + 1])
    yield list(objects_in(text))


def objects_in(text: str) -> Iterator[Any]:
    """The JSON objects in a text, one after another."""
    decoder = json.JSONDecoder()
    position = text.find("{")
    while position >= 0:
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            yield value
        position = text.find("{", end)


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def calls_in(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [one for item in items if isinstance(item, dict) for one in calls_of(item)]


def calls_of(item: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The calls an object stands for, in each of the forms that models write."""
    listed = item.get("tool_calls")
    if isinstance(listed, list):
        return [one for entry in listed if isinstance(entry, dict) for one in single_call(entry)]
    return single_call(item) if has_arguments(item) or "function" in item or "function_call" in item else []


def single_call(item: dict[str, Any]) -> Iterable[dict[str, Any]]:
    inner = item.get("function") or item.get("function_call")
    call = inner if isinstance(inner, dict) else item
    if not isinstance(call.get("name"), str):
        return []
    if "parameters" in call and "arguments" not in call:
        call = {**call, "arguments": call["parameters"]}
    return [call]


def has_arguments(item: dict[str, Any]) -> bool:
    return "name" in item and ("arguments" in item or "parameters" in item)


def arguments_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """As an object, also where the model wrote it as text; unreadable: none."""
    given = call.get("arguments")
    value = parsed(given) if isinstance(given, str) else given
    return value if isinstance(value, dict) else {}


def build_string_mode_handler(base_url: str, model_name: str, api_key: str = "not-needed") -> Handler:
    """The function of a pydantic-ai FunctionModel that asks a chat API without function calling."""
    from pydantic_ai.exceptions import ModelHTTPError, UnexpectedModelBehavior

    from pais.remote_agent import answer_text

    url = f"{base_url.rstrip('/')}/chat/completions"
    headers = {"Authorization": f"Bearer {api_key}"}

    async def handler(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        tools = [*info.function_tools, *info.output_tools]
        body = {"model": model_name, "messages": chat_messages(messages, tools), "stream": False}
        outcome = await call("POST", url, headers, json.dumps(body).encode(), REQUEST_TIMEOUT)
        if outcome.failure:
            raise UnexpectedModelBehavior(f"The model could not be asked: {outcome.cause}")
        if not outcome.is_good:
            raise ModelHTTPError(outcome.status, model_name, outcome.body.decode(errors="replace"))
        text = answer_text(outcome.body)
        if text is None:
            raise UnexpectedModelBehavior("The model sent no usable answer")
        return response_of(text, [tool.name for tool in tools])

    return handler


def chat_messages(messages: Sequence[ModelMessage], tools: Sequence[ToolDefinition]) -> list[dict[str, str]]:
    """A history of pydantic-ai as a chat without tool messages."""
    from pydantic_ai.messages import ModelRequest

    requests = [message for message in messages if isinstance(message, ModelRequest)]
    prompt = TOOL_PROMPT_TEMPLATE.format(tool_descriptions=build_tool_descriptions(tools)) if tools else ""
    system = [*system_texts(requests), requests[-1].instructions if requests else None, prompt]
    head = "\n\n".join(text for text in system if text)
    said = [entry for message in messages for part in message.parts for entry in said_in(part)]
    return [{"role": "system", "content": head}, *said] if head else said


def system_texts(requests: Iterable[Any]) -> Iterator[str]:
    from pydantic_ai.messages import SystemPromptPart

    for request in requests:
        yield from (part.content for part in request.parts if isinstance(part, SystemPromptPart))


def said_in(part: Any) -> Iterator[dict[str, str]]:
    from pydantic_ai.messages import RetryPromptPart, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart

    if isinstance(part, UserPromptPart):
        yield {"role": "user", "content": prompt_text(part.content)}
    elif isinstance(part, TextPart):
        yield {"role": "assistant", "content": part.content}
    elif isinstance(part, ToolCallPart):
        call = {"name": part.tool_name, "arguments": part.args_as_dict()}
        yield {"role": "assistant", "content": json.dumps({"tool_calls": [call]})}
    elif isinstance(part, ToolReturnPart):
        yield {"role": "user", "content": f"Tool result: {part.model_response_str()}"}
    elif isinstance(part, RetryPromptPart):
        yield {"role": "user", "content": f"Tool result: {part.model_response()}"}


def prompt_text(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(item for item in content if isinstance(item, str))


def response_of(text: str, offered: Sequence[str]) -> ModelResponse:
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart

    calls = (parse_tool_calls_from_text(text) or []) if offered else []
    if parsed(text) is None:  # prose that quotes JSON stays prose
        calls = [one for one in calls if one["name"] in offered]
    if not calls:
        return ModelResponse(parts=[TextPart(text)])
    numbered = enumerate(calls, start=1)
    return ModelResponse(
        parts=[
            ToolCallPart(one["name"], arguments_of(one), tool_call_id=f"string_{one['name']}_{number}")
            for number, one in numbered
        ]
    )
