"""Every name that code written for the Python server imports, and what importing it costs."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

NAMES = {
    "pais": "__version__ serve",
    "pais.server": "AgentServer create_agent_server create_app get_app configure_logging",
    "pais.serverutils": (
        "AgentServerSettings AgentDeps AgentCard AgentCardSkill AgentCardCapabilities RemoteAgent _resolve_model "
        "_MockResponseState _build_mock_model_function _extract_user_prompt _build_streaming_chunk _build_chat_response"
    ),
    "pais.memory": "Memory LocalMemory RedisMemory NullMemory MemoryEvent SessionMemory",
    "pais.tools": (
        "DELEGATION_TOOL_PREFIX DelegationToolset execute_delegation format_progress_event build_tool_descriptions "
        "parse_tool_calls_from_text build_string_mode_handler TOOL_PROMPT_TEMPLATE"
    ),
    "pais.telemetry": (
        "SERVICE_NAME ATTR_DELEGATION_TARGET init_otel is_otel_enabled should_enable_otel get_log_level "
        "get_log_level_int getenv_bool get_current_trace_context get_delegation_metrics OtelConfig KaosLoggingHandler "
        "_initialized"
    ),
    "pais.cli": "app run_agent_server",
}

PARAMETERS = {
    "pais.server.AgentServer": (
        ["pydantic_agent", "settings", "memory", "mock_state", "sub_agents", "mcp_servers", "model", "custom_tools"]
    ),
    "pais.server.AgentServer.run": ["self", "host"],
    "pais.server.AgentServer._process_message": ["self", "message", "session_id", "stream"],
    "pais.server.AgentServer._get_agent_card": ["self", "base_url"],
    "pais.server.create_agent_server": ["settings", "sub_agents", "custom_agent"],
    "pais.server.create_app": ["settings"],
    "pais.server.get_app": [],
    "pais.server.configure_logging": ["level", "otel_correlation"],
    "pais.serverutils.AgentDeps": ["session_id", "memory"],
    "pais.serverutils.RemoteAgent": ["name", "card_url", "agent_card_url"],
    "pais.serverutils._resolve_model": ["name", "model", "model_api_url", "model_name", "tool_call_mode"],
    "pais.serverutils._MockResponseState": ["template"],
    "pais.serverutils._extract_user_prompt": ["message"],
    "pais.serverutils._build_streaming_chunk": ["session_id", "created_at", "model_name", "content", "finish_reason"],
    "pais.serverutils._build_chat_response": ["model_name", "content", "session_id"],
    "pais.tools.DelegationToolset": ["sub_agents", "memory_context_limit"],
    "pais.tools.execute_delegation": (
        ["agent_name", "task", "sub_agent", "session_id", "memory", "memory_context_limit"]
    ),
    "pais.tools.format_progress_event": ["part", "step", "max_steps"],
    "pais.tools.build_string_mode_handler": ["base_url", "model_name", "api_key"],
    "pais.telemetry.init_otel": ["service_name"],
    "pais.telemetry.getenv_bool": ["name", "default"],
    "pais.cli.run_agent_server": ["target", "host", "port", "reload"],
}

NOT_NEEDED = {"fastapi", "starlette", "uvicorn", "openai", "redis", "opentelemetry.sdk"}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in NAMES for name in NAMES[module].split()])
def test_the_name_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("callable_name", PARAMETERS)
def test_it_takes_what_it_always_took(callable_name: str) -> None:
    module, _, path = callable_name.partition(".")[2].partition(".")
    value = importlib.import_module(f"pais.{module}")
    for name in path.split("."):
        value = getattr(value, name)

    assert list(inspect.signature(value).parameters) == PARAMETERS[callable_name]  # type: ignore[arg-type]


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(outcome.stdout.split())


def test_importing_pais_imports_no_agent_framework() -> None:
    assert "pydantic_ai" not in modules_after("import pais; pais.serve")


@pytest.mark.parametrize("module", NAMES)
def test_no_module_needs_what_is_not_installed_with_it(module: str) -> None:
    hide = f"import sys\nfor name in {sorted(NOT_NEEDED)}: sys.modules[name] = None\n"

    modules_after(f"{hide}import {module}\nfor name in {sorted(NOT_NEEDED)}: del sys.modules[name]")
