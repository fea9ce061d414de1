"""Serving a pydantic-ai agent from Python code, by the names that code written for the Python server uses.

    server = create_agent_server(custom_agent=agent)
    app = server.app        # for uvicorn, a test client, or another application
    server.run()            # or on the host's own listener

Either way one core serves: the one behind `pais run`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_ai import Agent, capture_run_messages
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.toolsets import AbstractToolset
from pydantic_ai.usage import UsageLimits

import pais
from pais.adapter import deps_for, own_delegations, own_tools, text_of
from pais.asgi import App
from pais.card import AgentCard, AgentCardSkill
from pais.compat import _extract_user_prompt, _MockResponseState, _resolve_model
from pais.deps import AgentDeps
from pais.log_lines import configure_logging
from pais.memory import LocalMemory, Memory, NullMemory, RedisMemory
from pais.memory.messages import OUTPUTS
from pais.narrator import output_tools
from pais.remote_agent import RemoteAgent
from pais.scripted import script_in_environment, scripted_model
from pais.settings import AgentServerSettings, as_text, listed, mcp_url, named_urls, peer_url, variables_of
from pais.telemetry import get_current_trace_context, get_log_level, should_enable_otel
from pais.tools import DELEGATION_TOOL_PREFIX, DelegationToolset, format_progress_event

if TYPE_CHECKING:
    from pais.runs import Core, Served

__all__ = ["AgentServer", "configure_logging", "create_agent_server", "create_app", "get_app"]

DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024
NO_MEMORY = frozenset({"null", "none", "off"})

AnyAgent = Agent[Any, Any]
Prompt = str | Sequence[Mapping[str, Any]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class McpServer:
    """An MCP server of the settings: the core connects to it, once for all runs."""

    name: str
    url: str


class FurtherDelegation(DelegationToolset):
    """Delegation to whom the agent's own toolsets do not delegate already."""

    def __init__(self, agent: AnyAgent, sub_agents: dict[str, RemoteAgent], memory_context_limit: int) -> None:
        super().__init__(sub_agents, memory_context_limit)
        self._agent = agent

    def names(self) -> set[str]:
        names = super().names()
        return names - own_delegations(self._agent) if names else names


class AgentServer:
    """One agent, its memory and whom it may delegate to.

    The given objects are kept as they are and never changed: tools that are added to the agent later, and sub-agents
    added to the dict, are there in the next run. `mcp_servers` may hold toolsets of pydantic-ai; they join each run.
    """

    def __init__(
        self,
        pydantic_agent: AnyAgent,
        settings: AgentServerSettings,
        memory: Memory | None = None,
        mock_state: _MockResponseState | None = None,
        sub_agents: dict[str, RemoteAgent] | None = None,
        mcp_servers: list[Any] | None = None,
        model: Any = None,
        custom_tools: list[dict[str, str]] | None = None,
    ) -> None:
        self.settings = settings
        self.memory = NullMemory() if memory is None else memory
        self._brings_memory = memory is not None
        self._agent = pydantic_agent
        self._mock_state = mock_state
        self._sub_agents = {} if sub_agents is None else sub_agents
        self._mcp_servers = [] if mcp_servers is None else mcp_servers
        self._given_model = model
        self._custom_tools = [] if custom_tools is None else custom_tools
        self.app = App(f"Agent: {settings.agent_name}", self._make_core, max_body_bytes(), self.served)

    def run(self, host: str = "0.0.0.0") -> None:
        """Serves on the host's own listener, at the port of the settings, until a signal comes."""
        from pais.serving import serve_forever

        configure_logging(get_log_level(), should_enable_otel())
        serve_forever(self.served(), self._variables(), host, self.settings.agent_port)

    def _make_core(self) -> Core:
        from pais.runs import Core

        # Who listens in front has stopped listening when it closes us: nobody has to be told to go elsewhere.
        return Core(self.served(), {**self._variables(), "PAIS_DRAIN_DELAY_SECONDS": "0"})

    def served(self) -> Served:
        """What a run of this server is made of."""
        from pais.runs import Served

        return Served(
            agent=self._agent,
            model=None if self._asks_host() else self._turn_model(),
            toolsets=self._toolsets(),
            memory=self.memory,
            asks_host=self._asks_host(),
            brings_memory=self._brings_memory,
            given=self._given,
        )

    @property
    def _model(self) -> Any:
        """The model that answers in place of the agent's own."""
        return self._given_model

    def _turn_model(self) -> Any:
        """The same, or the script that stands in place of every model."""
        return self._model if self._mock_state is None else scripted_model(self._mock_state.template)

    def _asks_host(self) -> bool:
        """Whether the core's own client of the settings' model goes before all that."""
        return self._mock_state is None and self._model is None and self._agent.model is None

    def _toolsets(self) -> list[AbstractToolset[Any]]:
        """What joins the agent's own tools in each run."""
        given = [server for server in self._mcp_servers if isinstance(server, AbstractToolset)]
        delegation = FurtherDelegation(self._agent, self._sub_agents, self.settings.memory_context_limit)
        return [*given, delegation]

    def _variables(self) -> dict[str, str]:
        """The settings as the core reads them, with whom and what this server was really given."""
        peers = cards_of(self._sub_agents)
        servers = [server for server in self._mcp_servers if isinstance(server, McpServer)]
        return {
            **variables_of(self.settings),
            "MEMORY_ENABLED": str(not isinstance(self.memory, NullMemory)).lower(),
            "AGENT_SUB_AGENTS": ",".join(f"{name}:{url}" for name, url in peers.items() if url),
            "PEER_AGENTS": "",
            "MCP_SERVERS": ",".join(server.name for server in servers),
            **{f"MCP_SERVER_{server.name}_URL": server.url for server in servers},
        }

    def _given(self) -> dict[str, str]:
        """What the settings say otherwise than the environment."""
        usual = usual_settings()
        if usual is None:
            return {}
        known = {name.upper(): as_text(value) for name, value in usual.model_dump().items()}
        return {name: value for name, value in variables_of(self.settings).items() if known[name] != value}

    async def _get_agent_card(self, base_url: str) -> AgentCard:
        """The card as far as Python knows the tools; the one that is served has those of all MCP servers."""
        skills = [skill(tool["name"], tool.get("description") or "") for tool in self._custom_tools]
        for server in self._mcp_servers:
            skills += await skills_of(server)
        skills += [skill(DELEGATION_TOOL_PREFIX + name, f"Delegate task to {name}") for name in self._sub_agents]
        return AgentCard(
            name=self.settings.agent_name,
            description=self.settings.agent_description,
            url=base_url,
            version=pais.__version__,
            skills=skills,
        )

    async def _process_message(self, message: Prompt, session_id: str, stream: bool = False) -> AsyncIterator[str]:
        """One turn without HTTP: progress as JSON texts when it streams, then the answer.

        A failure is told as text, here and nowhere else, and stored as an event.
        """
        if self._mock_state is not None:
            self._mock_state.reset()
        turn = Turn(self, message, session_id)
        await turn.begin()
        messages: Sequence[ModelMessage] = ()
        try:
            with capture_run_messages() as messages:
                async for progress in turn.steps():
                    if stream:
                        yield progress
            yield await turn.end_well(messages)
        except Exception as reason:
            logger.exception("The agent failed")
            yield await turn.end_badly(messages, reason)


class Turn:
    """One turn of `AgentServer._process_message`, and what is remembered of it."""

    def __init__(self, server: AgentServer, message: Prompt, session_id: str) -> None:
        self._server = server
        self._memory = server.memory
        self._prompt = _extract_user_prompt(message)
        self._delegated = not isinstance(message, str) and any(
            item.get("role") == "task-delegation" for item in message
        )
        self._session_id = session_id
        self._history: list[ModelMessage] = []
        self._outputs: set[str] = set()  # the tools by which the agent answers
        self._answer = ""

    async def begin(self) -> None:
        await self._memory.get_or_create_session(self._session_id)
        await self._remember("task_delegation_received" if self._delegated else "user_message", self._prompt)
        limit = self._server.settings.memory_context_limit
        self._history = await self._memory.build_message_history(self._session_id, limit) or []

    async def steps(self) -> AsyncIterator[str]:
        """Runs the agent; the progress of each tool call, when the model has asked for it."""
        agent, most = self._server._agent, self._server.settings.agentic_loop_max_steps
        step = 0
        async with agent.iter(
            self._prompt,
            message_history=self._history or None,
            model=self._server._turn_model(),
            deps=deps_for(agent, self._session_id, self._memory),
            toolsets=self._server._toolsets(),
            usage_limits=UsageLimits(request_limit=most),
        ) as run:
            try:
                async for node in run:
                    self._outputs |= output_tools(run.ctx.deps.tool_manager)
                    calls = tool_calls(node.model_response, self._outputs) if Agent.is_call_tools_node(node) else []
                    step += 1 if calls else 0
                    for call in calls:
                        yield format_progress_event(call, step, most)
            finally:
                self._outputs |= output_tools(run.ctx.deps.tool_manager)
            self._answer = text_of(run.result.output) if run.result is not None else ""

    async def end_well(self, messages: Sequence[ModelMessage]) -> str:
        await self._remember_tools(messages)
        await self._remember("agent_response", self._answer)
        return self._answer

    async def end_badly(self, messages: Sequence[ModelMessage], reason: Exception) -> str:
        await self._remember_tools(messages)
        await self._remember("error", str(reason))
        return f"Sorry, I encountered an error: {reason}"

    async def _remember_tools(self, messages: Sequence[ModelMessage]) -> None:
        before = OUTPUTS.set(self._outputs)
        try:
            for message in messages[len(self._history) :]:
                await self._memory.store_pydantic_message(self._session_id, message)
        finally:
            OUTPUTS.reset(before)

    async def _remember(self, event_type: str, content: Any) -> None:
        event = self._memory.create_event(event_type, content, get_current_trace_context())
        await self._memory.add_event(self._session_id, event)


def tool_calls(response: ModelResponse, outputs: Container[str]) -> list[ToolCallPart]:
    """The calls of real tools: not the way in which a structured output is delivered."""
    calls = (part for part in response.parts if isinstance(part, ToolCallPart))
    return [call for call in calls if call.tool_name not in outputs]


def skill(name: str, description: str) -> AgentCardSkill:
    return AgentCardSkill(id=name, name=name, description=description)


async def skills_of(server: Any) -> list[AgentCardSkill]:
    """The tools of an MCP server object that was given; none of one that cannot be reached."""
    if not hasattr(server, "list_tools"):
        return []
    try:
        return [skill(tool.name, tool.description or "") for tool in await server.list_tools()]
    except Exception as reason:
        logger.warning("Failed to list tools from MCP server: %s", reason)
        return []


# --- From settings to a server ---


def create_agent_server(
    settings: AgentServerSettings | None = None,
    sub_agents: Sequence[RemoteAgent] | None = None,
    custom_agent: AnyAgent | None = None,
) -> AgentServer:
    """A server of the agent that the settings declare, or of `custom_agent`, which is not changed.

    `sub_agents` stands in place of what the settings name; an empty list switches delegation off. Where the settings
    name a model, it replaces the agent's own.
    """
    settings = settings or AgentServerSettings.model_validate({})
    chosen = chosen_sub_agents(settings) if sub_agents is None else {agent.name: agent for agent in sub_agents}
    return DeclaredServer(
        declared_agent(settings) if custom_agent is None else custom_agent,
        settings,
        memory=chosen_memory(settings),
        mock_state=mock_state(),
        sub_agents=chosen,
        mcp_servers=chosen_mcp_servers(settings),
        custom_tools=[] if custom_agent is None else function_tools(custom_agent),
    )


class DeclaredServer(AgentServer):
    """A server whose model and memory the settings choose: the core has both of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._brings_memory = False

    def _given(self) -> dict[str, str]:
        given, usual = super()._given(), usual_settings()
        if usual is None or cards_of(self._sub_agents) == cards_of(chosen_sub_agents(usual)):
            return given
        variables = self._variables()
        return {**given, **{name: variables[name] for name in ("AGENT_SUB_AGENTS", "PEER_AGENTS")}}

    @property
    def _model(self) -> Any:
        """The settings' model as Python code can ask it; None where they name none."""
        if self._mock_state is not None:
            return scripted_model(self._mock_state.template)
        named = self.settings.model_api_url and self.settings.model_name
        return resolved_model(self.settings) if named else None

    def _asks_host(self) -> bool:
        return self._mock_state is None


def usual_settings() -> AgentServerSettings | None:
    """Those of the environment alone; none where it has none for a server."""
    try:
        return AgentServerSettings.model_validate({})
    except ValueError:
        return None


def cards_of(agents: Mapping[str, Any]) -> dict[str, str]:
    return {name: getattr(agent, "card_url", "") for name, agent in agents.items()}


def resolved_model(settings: AgentServerSettings) -> Any:
    model, _ = _resolve_model(
        settings.agent_name,
        model_api_url=settings.model_api_url,
        model_name=settings.model_name,
        tool_call_mode=settings.tool_call_mode,
    )
    return model


def create_app(settings: AgentServerSettings | None = None) -> App:
    return create_agent_server(settings).app


def get_app() -> App:
    """The factory for `uvicorn pais.server:get_app --factory`."""
    configure_logging(get_log_level(), should_enable_otel())
    logger.warning("Served through ASGI; `pais run` serves the same agent with less between it and its clients")
    return create_app()


def declared_agent(settings: AgentServerSettings) -> AnyAgent:
    return Agent(name=settings.agent_name, instructions=settings.agent_instructions or None, deps_type=AgentDeps)


def mock_state() -> _MockResponseState | None:
    script = script_in_environment()
    return None if script is None else _MockResponseState(script)


def function_tools(agent: AnyAgent) -> list[dict[str, str]]:
    """Name and description of the agent's own tools."""
    return [
        {"name": name, "description": description}
        for name, description in own_tools(agent)
        if not name.startswith(DELEGATION_TOOL_PREFIX)
    ]


def chosen_memory(settings: AgentServerSettings) -> Memory:
    kind = settings.memory_type.strip().lower()
    limits = (settings.memory_max_sessions, settings.memory_max_session_events)
    if not settings.memory_enabled or kind in NO_MEMORY:
        return NullMemory()
    if kind == "redis" and settings.memory_redis_url:
        return RedisMemory(settings.memory_redis_url, *limits)
    if kind == "redis":
        logger.warning("MEMORY_REDIS_URL not set, falling back to LocalMemory")
    return LocalMemory(*limits)


def chosen_sub_agents(settings: AgentServerSettings) -> dict[str, RemoteAgent]:
    given = named_urls(settings.agent_sub_agents)
    if not settings.agent_sub_agents.strip():
        given = {name: peer_url(name, os.environ) for name in listed(settings.peer_agents)}
    for name in [name for name, url in given.items() if not url]:
        logger.warning("No URL found for peer agent %s", name)
        del given[name]
    return {name: RemoteAgent(name, url) for name, url in given.items()}


def chosen_mcp_servers(settings: AgentServerSettings) -> list[McpServer]:
    servers = [McpServer(name, mcp_url(name, os.environ)) for name in listed(settings.mcp_servers)]
    for server in servers:
        if server.url:
            logger.info("Configured MCP server: %s -> %s", server.name, server.url)
        else:
            logger.warning("No URL found for MCP server %s (expected MCP_SERVER_%s_URL)", server.name, server.name)
    return [server for server in servers if server.url]


def max_body_bytes() -> int:
    """The core's limit, as far as the environment tells it: it bounds what is kept here before the core refuses it."""
    given = os.environ.get("PAIS_MAX_BODY_BYTES", "").strip()
    return int(given) if given.isdecimal() else DEFAULT_MAX_BODY_BYTES
