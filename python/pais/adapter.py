"""One run of a pydantic-ai agent for the host.

pydantic-ai is used through its public names, those that its 1.x and its 2.x have both. Nothing here opens a socket.
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterable, Sequence
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

import anyio
from pydantic_ai import Agent, capture_run_messages
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.messages import (
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.output import ToolOutput
from pydantic_ai.run import AgentRunResult
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext
from pydantic_ai.toolsets import AbstractToolset
from pydantic_ai.usage import RequestUsage, RunUsage, UsageLimits
from pydantic_graph import End

from pais._core import RunBegins, log_error, log_warning
from pais.deps import AgentDeps
from pais.failures import code_of, exceeded_limit, failing_tool, function_tools
from pais.host_tools import HostToolset, YieldingToolset
from pais.model import ASKER, Asker, EmptyAnswer, HostModel, ModelFailed
from pais.narrator import Narrator, json_text, output_tools
from pais.nodes import Nodes, streams_as_it_runs
from pais.providers import instrumented
from pais.sync_tools import CalledExit
from pais.tool_limits import LIMITED, LimitedRun
from pais.tracebacks import users_traceback
from pais.tracing import enter_run
from pais.validators import has_no_validator

if TYPE_CHECKING:
    from pais.memory import Memory
    from pais.runs import Runs, Served

UNBUILT: WeakSet[type] = WeakSet()  # deps types of users that the log has told of


async def run_agent(served: Served, runs: Runs, begins: RunBegins) -> None:
    """Runs one turn; whatever happens, the host is told how it ended."""
    try:
        turn = Turn(served, runs, begins)
        try:
            with runs.sync_tools.lent(), anyio.CancelScope() as scope:
                runs.began(begins.run, scope)
                await turn.run()
            if scope.cancelled_caught:
                turn.end_cancelled()
        except BaseException as reason:
            turn.end_for(reason)
            if not isinstance(reason, (Exception, SystemExit)):
                raise
    except Exception as failure:  # of our own
        log_error("".join(traceback.format_exception(failure)))
        runs.host.failed(begins.run, "internal", str(failure), "", None, None)
    finally:
        runs.over(begins.run)


class Turn:
    """One turn, and what is known of it when it breaks off."""

    def __init__(self, served: Served, runs: Runs, begins: RunBegins) -> None:
        self._served = served
        self._runs = runs
        self._host = runs.host
        self._begins = begins
        self._run = begins.run
        speaks = served.agent.output_type is str and has_no_validator(served.agent)
        self._narrator = Narrator(self._host, begins, speaks=speaks, intermediate=runs.streams_intermediate)
        self._limited = LimitedRun(runs.tool_limits, self._narrator.stopped, runs.home)
        self._messages: Sequence[ModelMessage] = ()  # of the run, behind the history
        self._history_size = 0

    async def run(self) -> None:
        begins, agent = self._begins, self._served.agent
        model = self._runs.model_for(self._served)
        asked = model if model is not None else agent.model
        if asked is None:
            self._fail("not_configured", "neither the host nor the agent has a model")
            return
        streams = begins.stream and can_stream(asked)
        asker = Asker(self._run, cast(ModelSettings, begins.model_settings), named_outputs(agent))
        ASKER.set(asker)
        LIMITED.set(self._limited)
        self._narrator.outputs = asker.outputs
        enter_run(self._host, begins, asker.outputs)
        traced_model, tracing = instrumented(agent, model) if begins.is_traced else (model, {})
        deps = deps_for(agent, begins.session_id, self._runs.memory_of(self._served))
        history = await with_system_prompt(agent, messages_of(begins.history), deps, model)
        self._history_size = len(history)
        options: dict[str, Any] = {
            "message_history": history or None,
            "model": traced_model,
            "deps": deps,
            "toolsets": self._toolsets() or None,
            "model_settings": settings_for(asked, begins),
            "usage_limits": limits_for(begins, self._most_steps()),
            "instructions": begins.extra_instructions or None,
            **tracing,
        }
        with capture_run_messages() as self._messages:
            if streams and not streams_as_it_runs(agent.root_capability):
                result = await agent.run(prompt_of(begins), event_stream_handler=self._hear, **options)
            else:
                result = await self._go_through(options, streams)
        text = text_of(result.output)
        self._narrator.say_whole(text)
        usage = result.usage if isinstance(result.usage, RunUsage) else result.usage()
        finish = getattr(result.all_messages()[-1], "finish_reason", None) or "stop"
        self._host.ended(self._run, text, finish, usage.input_tokens, usage.output_tokens, usage.cache_read_tokens)

    def _toolsets(self) -> list[AbstractToolset[Any]]:
        """What comes beside the agent's own tools: what Python brings, and then the host's."""
        host_tools = self._runs.host_tools
        if not host_tools.any:
            return list(self._served.toolsets)
        offered = host_tools.offered()
        taken = {name for name, _ in own_tools(self._served.agent)} | own_delegations(self._served.agent)
        brought: list[AbstractToolset[Any]] = []
        for toolset in self._served.toolsets:
            if isinstance(toolset, YieldingToolset):
                toolset = toolset.without(offered)
                taken |= toolset.names()
            brought.append(toolset)
        return [*brought, HostToolset(host_tools, self._run, self._narrator, taken)]

    def _most_steps(self) -> int:
        own, given = self._runs.most_steps, self._begins.most_steps
        return min(own, given) if given else own

    async def _hear(self, context: RunContext[Any], events: AsyncIterable[Any]) -> None:
        await self._narrator.hear(context.tool_manager, events)

    async def _go_through(self, options: dict[str, Any], streams: bool) -> AgentRunResult[Any]:
        async with self._served.agent.iter(prompt_of(self._begins), **options) as run:
            nodes = Nodes(run)
            try:
                node = run.next_node
                while run.result is None and not isinstance(node, End):
                    await (self._stream(nodes, node) if streams else self._tell_calls(nodes, node))
                    node = await nodes.after(node)
            except BaseException:
                self._narrator.outputs |= output_tools(nodes.tools)
                raise
        assert run.result is not None
        if not streams:
            self._narrator.tell_rest(run.result.new_messages())
        return run.result

    async def _stream(self, nodes: Nodes, node: Any) -> None:
        if Agent.is_model_request_node(node) or Agent.is_call_tools_node(node):
            await nodes.hear(node, self._narrator.hear)

    async def _tell_calls(self, nodes: Nodes, node: Any) -> None:
        """The model is not asked for a stream, and nothing is told of its answer but the calls in it, as they come."""
        if not Agent.is_call_tools_node(node):
            return
        asks = asks_for_tools(node.model_response)
        if asks:
            self._narrator.outputs |= output_tools(nodes.tools)
        messages = self._new_messages()
        is_there = node.model_response in messages  # in some versions it is, in others not yet
        self._narrator.tell_rest(messages if is_there else [*messages, node.model_response])
        if asks:
            await nodes.hear(node, self._narrator.hear)

    def end_for(self, reason: BaseException) -> None:
        if isinstance(reason, EmptyAnswer):  # which pydantic-ai would take for none, and ask again
            self._end_without_words()
        elif isinstance(reason, UsageLimitExceeded):
            self._end_over_limit(reason)
        elif isinstance(reason, CalledExit):
            self._fail_by_exit(reason.end)
        elif isinstance(reason, Exception):
            self._fail_with(reason)
        elif isinstance(reason, SystemExit):
            self._runs.home.leave_if_forked(reason)
            self._fail_by_exit(reason)
        else:
            self.end_cancelled()

    def end_cancelled(self) -> None:
        self._fail("cancelled", "its task was cancelled")

    def _end_without_words(self) -> None:
        self._narrator.tell_rest(self._new_messages())
        spent = usage_of(self._new_messages())
        self._host.ended(self._run, "", "stop", spent.input_tokens, spent.output_tokens, spent.cache_read_tokens)

    def _end_over_limit(self, limit: UsageLimitExceeded) -> None:
        kind, most = exceeded_limit(limit, self._begins, self._most_steps())
        self._host.exceeded(self._run, kind, most, most + 1)
        self._fail("step_limit_exceeded" if kind == "steps" else "budget_exceeded", str(limit))

    def _fail_by_exit(self, end: SystemExit) -> None:
        log_error(f"the agent's code called sys.exit({end.code!r}); the server goes on\n{users_traceback(end)}")
        tool = failing_tool(end, self._messages, self._served.agent)
        self._fail("tool_failed" if tool else "internal", "sys.exit", tool)

    def _fail_with(self, failure: Exception) -> None:
        code, param = code_of(failure, self._messages, self._served.agent)
        if not isinstance(failure, ModelFailed):
            log_error(f"the agent failed\n{users_traceback(failure)}")
        upstream_status = getattr(failure, "upstream_status", getattr(failure, "status_code", None))
        retry_after = getattr(failure, "retry_after", None)
        self._fail(code, f"{type(failure).__name__}: {failure}", param, upstream_status, retry_after)

    def _fail(
        self, code: str, cause: str, param: str = "", upstream_status: int | None = None, retry_after: int | None = None
    ) -> None:
        self._narrator.tell_broken_off(self._new_messages())
        spent = usage_of(self._new_messages())
        used = (spent.input_tokens, spent.output_tokens, spent.cache_read_tokens)
        self._host.failed(self._run, code, cause, param, upstream_status, retry_after, used)

    def _new_messages(self) -> Sequence[ModelMessage]:
        return self._messages[self._history_size :]


def own_tools(agent: Agent[Any, Any]) -> list[tuple[str, str]]:
    """The function tools that are known before a run."""
    return [(tool.name, tool.description or "") for tool in function_tools(agent)]


def own_delegations(agent: Agent[Any, Any]) -> set[str]:
    """The tools of toolsets of ours that the agent was built with."""
    names: set[str] = set()

    def look_at(toolset: AbstractToolset[Any]) -> None:
        if isinstance(toolset, YieldingToolset):
            names.update(toolset.names())

    for toolset in agent.toolsets:
        toolset.apply(look_at)
    return names


def can_stream(model: Any) -> bool:
    """Whether a model can be asked for a stream: a FunctionModel of one function cannot, however it is wrapped."""
    while hasattr(model, "wrapped"):
        model = model.wrapped
    return not (isinstance(model, FunctionModel) and model.stream_function is None)


def asks_for_tools(answer: ModelResponse) -> bool:
    return any(isinstance(part, ToolCallPart) for part in answer.parts)


def messages_of(history: list[tuple[bool, str]]) -> list[ModelMessage]:
    return [
        ModelRequest(parts=[UserPromptPart(content=text)]) if by_user else ModelResponse(parts=[TextPart(content=text)])
        for by_user, text in history
    ]


async def with_system_prompt(
    agent: Agent[Any, Any], history: list[ModelMessage], deps: Any, model: Model | None
) -> list[ModelMessage]:
    """pydantic-ai leaves an agent's system prompt out when it is handed a history; every turn is to have it once."""
    if not history:
        return history
    prompts = await agent.system_prompt_parts(deps=deps, model=model, message_history=history)
    return [ModelRequest(parts=list(prompts)), *history] if prompts else history


def deps_for(agent: Agent[Any, Any], session_id: str, memory: Memory | None) -> Any:
    """The user's own deps type when it can be built from nothing, else ours."""
    wanted = agent.deps_type
    if isinstance(wanted, type) and wanted not in (type(None), object) and not issubclass(wanted, AgentDeps):
        try:
            return wanted()
        except Exception as reason:  # it wants arguments, or something else that is not there
            note_unbuilt(wanted, reason)
    return AgentDeps(session_id=session_id, memory=memory)


def note_unbuilt(wanted: type, reason: Exception) -> None:
    if wanted not in UNBUILT:
        UNBUILT.add(wanted)
        why = f"{type(reason).__name__}: {reason}"
        log_warning(f"tools get AgentDeps, as {wanted.__name__} cannot be built without arguments: {why}")


def named_outputs(agent: Agent[Any, Any]) -> set[str]:
    """The tools by which it answers, as far as the user has named them."""
    wanted: Any = agent.output_type
    kinds = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    return {kind.name for kind in kinds if isinstance(kind, ToolOutput) and kind.name}


def text_of(output: Any) -> str:
    """What a client gets to read: text as it is, nothing for None, everything else as JSON."""
    if output is None:
        return ""
    return output if isinstance(output, str) else json_text(output)


def usage_of(messages: Sequence[ModelMessage]) -> RequestUsage:
    total = RequestUsage()
    for message in messages:
        if isinstance(message, ModelResponse):
            total += message.usage
    return total


def prompt_of(begins: RunBegins) -> Any:
    if not begins.images:
        return begins.prompt
    return [begins.prompt, *(ImageUrl(url=url) for url in begins.images)]


def settings_for(model: Any, begins: RunBegins) -> ModelSettings | None:
    """What the client asks for; the host's model knows it already."""
    if isinstance(model, HostModel):
        return None
    settings = begins.model_settings
    return cast(ModelSettings, settings) if settings else None


def limits_for(begins: RunBegins, most_steps: int) -> UsageLimits:
    return UsageLimits(
        request_limit=most_steps,
        total_tokens_limit=begins.most_tokens or None,
        tool_calls_limit=begins.most_tool_calls or None,
    )
