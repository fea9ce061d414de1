"""Delegation to other agents as tools of a pydantic-ai agent, and what is said of tool calls on the way.

Names for models without function calling stand in `pais.string_mode` and are importable from here as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Container, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.toolsets import ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from pais.host_tools import YieldingToolset
from pais.remote_agent import RemoteAgent
from pais.string_mode import (
    TOOL_PROMPT_TEMPLATE,
    build_string_mode_handler,
    build_tool_descriptions,
    parse_tool_calls_from_text,
)
from pais.telemetry import ATTR_DELEGATION_TARGET, SERVICE_NAME, get_delegation_metrics

if TYPE_CHECKING:
    from pais.memory import Memory, MemoryEvent

__all__ = [
    "ATTR_DELEGATION_TARGET",
    "DELEGATION_TOOL_PREFIX",
    "SERVICE_NAME",
    "TOOL_PROMPT_TEMPLATE",
    "DelegationToolset",
    "build_string_mode_handler",
    "build_tool_descriptions",
    "execute_delegation",
    "format_progress_event",
    "parse_tool_calls_from_text",
]

DELEGATION_TOOL_PREFIX = "delegate_to_"
TASK_SCHEMA = {
    "type": "object",
    "properties": {"task": {"type": "string", "description": "What the other agent is to do, in full sentences."}},
    "required": ["task"],
}
TASK_VALIDATOR = SchemaValidator(
    core_schema.typed_dict_schema({"task": core_schema.typed_dict_field(core_schema.str_schema())})
)
BY_USER = ("user_message", "task_delegation_received")
PLAIN_PROCESS_MESSAGE = RemoteAgent.process_message
ROLES = {**dict.fromkeys(BY_USER, "user"), "agent_response": "assistant"}


class DelegationToolset(YieldingToolset):
    """One tool for each agent in `sub_agents`: the dict itself is looked at in every run, so it may grow."""

    def __init__(self, sub_agents: dict[str, RemoteAgent], memory_context_limit: int = 6) -> None:
        self._sub_agents = sub_agents
        self._memory_context_limit = memory_context_limit
        self._left_to_host: Container[str] = ()

    def without(self, offered: Container[str]) -> DelegationToolset:
        """The agents that code has taught something of its own stay here."""
        rest = copy(self)
        rest._left_to_host = offered
        return rest

    def names(self) -> set[str]:
        tools = ((DELEGATION_TOOL_PREFIX + name, agent) for name, agent in self._sub_agents.items())
        return {tool for tool, agent in tools if tool not in self._left_to_host or not is_plain(agent)}

    @property
    def id(self) -> str:
        return "kaos-delegation"

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, ToolsetTool[Any]]:
        kept = self.names()
        tools = [self._tool(name, agent) for name, agent in self._sub_agents.items()]
        return {tool.tool_def.name: tool for tool in tools if tool.tool_def.name in kept}

    def _tool(self, name: str, agent: RemoteAgent) -> ToolsetTool[Any]:
        definition = ToolDefinition(
            name=DELEGATION_TOOL_PREFIX + name,
            description=delegation_description(name, agent),
            parameters_json_schema=TASK_SCHEMA,
        )
        return ToolsetTool(toolset=self, tool_def=definition, max_retries=1, args_validator=TASK_VALIDATOR)

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> str:
        agent_name = name.removeprefix(DELEGATION_TOOL_PREFIX)
        agent = self._sub_agents.get(agent_name)
        if agent is None:
            return failed(f"Agent {agent_name} unavailable")
        return await execute_delegation(
            agent_name,
            tool_args["task"],
            agent,
            session_id=getattr(ctx.deps, "session_id", ""),
            memory=getattr(ctx.deps, "memory", None),
            memory_context_limit=self._memory_context_limit,
        )


def is_plain(agent: object) -> bool:
    """Whether its `process_message` is the one that was written for it."""
    return getattr(getattr(agent, "process_message", None), "__func__", None) is PLAIN_PROCESS_MESSAGE


def delegation_description(name: str, agent: RemoteAgent) -> str:
    card = getattr(agent, "agent_card", None)
    if card is None:
        return f"Delegate a task to the {name} agent."
    return f"Delegate a task to the {card.name} agent: {card.description}"


async def execute_delegation(
    agent_name: str,
    task: str,
    sub_agent: RemoteAgent,
    session_id: str = "",
    memory: Memory | None = None,
    memory_context_limit: int = 6,
) -> str:
    """What the other agent answers to the task, or why it did not: a delegation never fails its turn."""
    begun = time.monotonic()
    tracer = trace.get_tracer(SERVICE_NAME)
    with tracer.start_as_current_span(
        f"delegate.{agent_name}", attributes={ATTR_DELEGATION_TARGET: agent_name}, record_exception=False
    ) as span:
        context = await conversation(session_id, memory, memory_context_limit)
        try:
            answer = await sub_agent.process_message([*context, {"role": "task-delegation", "content": task}])
        except Exception as reason:
            span.set_status(trace.StatusCode.ERROR, str(reason))
            count_delegation(agent_name, False, begun)
            return failed(str(reason))
    count_delegation(agent_name, True, begun)
    return answer


def failed(reason: str) -> str:
    return f"[Delegation failed: {reason}]"


def count_delegation(agent_name: str, succeeded: bool, begun: float) -> None:
    counter, duration = get_delegation_metrics()
    attributes = {"target": agent_name, "success": str(succeeded).lower()}
    if counter is not None:
        counter.add(1, attributes)
    if duration is not None:
        duration.record((time.monotonic() - begun) * 1000, attributes)


async def conversation(session_id: str, memory: Memory | None, limit: int) -> list[dict[str, str]]:
    """What the other agent is told of the conversation: its newest messages (0: all), the prompt of this turn last.

    A prompt that the host has marked with its run is surely the one of this turn, and is told beside the limit.
    """
    if memory is None or not session_id:
        return []
    events = without_failed_turns(await memory.get_session_events(session_id))
    said = [event for event in events if event.event_type in ROLES]
    if limit and said and said[-1].event_type in BY_USER and said[-1].metadata.get("run_id"):
        limit += 1
    newest = said[-limit:] if limit else said
    return [{"role": ROLES[event.event_type], "content": as_text(event.content)} for event in newest]


def without_failed_turns(events: Sequence[MemoryEvent]) -> list[MemoryEvent]:
    """A turn that ended with an error is not told on: its prompt would stand there without an answer."""
    kept: list[MemoryEvent] = []
    for event in events:
        if event.event_type == "error":
            while kept and kept.pop().event_type not in BY_USER:
                pass
        else:
            kept.append(event)
    return kept


def as_text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def format_progress_event(part: ToolCallPart, step: int, max_steps: int) -> str:
    """What a stream tells of a tool call, when the model has asked for it."""
    delegates = part.tool_name.startswith(DELEGATION_TOOL_PREFIX)
    progress: Mapping[str, Any] = {
        "type": "progress",
        "step": step,
        "max_steps": max_steps,
        "action": "delegate" if delegates else "tool_call",
        "target": part.tool_name.removeprefix(DELEGATION_TOOL_PREFIX),
    }
    return json.dumps(progress)
