"""`pais run`."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from pais.cli.arguments import EnvFile, refuse_absent, usual_target
from pais.cli.failing import MISUSED, fail, misuse
from pais.native import PROGRAM, become_host, find_host

if TYPE_CHECKING:
    from pais import _core

Target = Annotated[
    str | None, typer.Argument(metavar="TARGET", help="file or file:attribute; default: server.py where there is one")
]
Host = Annotated[str | None, typer.Option("--host", "-h", help="Address to listen on (PAIS_HOST).")]
Port = Annotated[int | None, typer.Option("--port", "-p", help="Port, 0 for any free one (AGENT_PORT).")]
Name = Annotated[str | None, typer.Option(help="Name of the agent (AGENT_NAME).")]
Model = Annotated[str | None, typer.Option(help="Model to ask for (MODEL_NAME).")]
ModelUrl = Annotated[str | None, typer.Option(help="Server of the model (MODEL_API_URL).")]
Mock = Annotated[list[str] | None, typer.Option(help="Answer with this instead of asking a model; repeatable.")]
LogLevel = Annotated[str | None, typer.Option(help="TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL.")]
Progress = Annotated[str | None, typer.Option(help="content, event or off (PAIS_PROGRESS).")]
Mcp = Annotated[
    list[str] | None,
    typer.Option("--mcp", metavar="NAME=URL", help="Tools of this MCP server (MCP_SERVERS); repeatable."),
]
SubAgent = Annotated[
    list[str] | None,
    typer.Option("--sub-agent", metavar="NAME=URL", help="Agent to delegate to (AGENT_SUB_AGENTS); repeatable."),
]
Reload = Annotated[bool, typer.Option("--reload", "-r", help="Take up changed code while serving.")]
Strict = Annotated[bool, typer.Option("--strict", help="Take warnings about settings as errors.")]
Check = Annotated[bool, typer.Option("--check", help="Load the file, print the settings and end.")]


def run(
    target: Target = None,
    host: Host = None,
    port: Port = None,
    name: Name = None,
    model: Model = None,
    model_url: ModelUrl = None,
    mock: Mock = None,
    mcp: Mcp = None,
    sub_agent: SubAgent = None,
    env_file: EnvFile = None,
    log_level: LogLevel = None,
    progress: Progress = None,
    reload: Reload = False,
    strict: Strict = False,
    check: Check = False,
) -> None:
    """Serve the agent of a Python file, or a declared one.

    An agent that is declared, by AGENT_NAME and its kin, is served natively: no Python stays in the process. Example:
    pais run server.py --port 8000
    """
    target = target or usual_target()
    variables = {
        "PAIS_HOST": host,
        "AGENT_PORT": None if port is None else str(port),
        "AGENT_NAME": name,
        "MODEL_NAME": model,
        "MODEL_API_URL": model_url,
        "DEBUG_MOCK_RESPONSES": json.dumps(mock) if mock else None,
        "LOG_LEVEL": log_level,
        "PAIS_PROGRESS": progress,
        "PAIS_STRICT": "true" if strict else None,
    }
    chosen = {key: value for key, value in variables.items() if value is not None}
    others = mcp_variables(mcp or []) | sub_agent_variables(sub_agent or [])
    chosen |= others
    if target is not None and not check:
        raise typer.Exit(serve_target(target, chosen, env_file or "", reload=reload))
    if target is not None:
        fallback = check_target(target, chosen, env_file or "")
        name = name or fallback
    program = find_host()
    if program is None:
        fail(f"{PROGRAM} is not installed beside this Python; reinstall pais")

    given = {
        "--host": host,
        "--port": port,
        "--name": name,
        "--model": model,
        "--model-url": model_url,
        "--env-file": env_file,
        "--log-level": log_level,
        "--progress": progress,
    }
    os.environ.update(others)  # the host has no options for them
    words = [f"{option}={value}" for option, value in given.items() if value is not None]
    words += [f"--mock={text}" for text in mock or []]
    words += [option for option, wanted in {"--strict": strict, "--check": check}.items() if wanted]
    become_host(program, words)


def mcp_variables(pairs: Sequence[str]) -> dict[str, str]:
    """In place of those that the environment names."""
    named = named_addresses("--mcp", pairs)
    return {
        **({"MCP_SERVERS": ",".join(named)} if named else {}),
        **{f"MCP_SERVER_{name}_URL": url for name, url in named.items()},
    }


def sub_agent_variables(pairs: Sequence[str]) -> dict[str, str]:
    named = named_addresses("--sub-agent", pairs)
    return {"AGENT_SUB_AGENTS": ",".join(f"{name}:{url}" for name, url in named.items())} if named else {}


def named_addresses(option: str, pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, _, url = pair.partition("=")
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.ASCII):
            misuse(f"{option} {pair}: say NAME=URL, the name of letters, digits, '.', '_' and '-'")
        if not re.fullmatch(r"https?://[^\s,]+", url):
            misuse(f"{option} {name}: what follows the '=' is no http:// or https:// URL")
        if name in found:
            misuse(f"{option} {name} is said twice")
        found[name] = url
    return found


def run_agent_server(target: str, host: str, port: int, reload: bool) -> None:
    """Serves the agent in a file until a signal comes, as `pais run` does; typer.Exit says that it could not."""
    code = serve_target(target, {"PAIS_HOST": host, "AGENT_PORT": str(port)}, "", reload=reload)
    if code != 0:
        raise typer.Exit(code)


def serve_target(target: str, variables: Mapping[str, str], env_file: str, *, reload: bool) -> int:
    from pais.environment import FileVariables, place_options

    typer.echo(f"🚀 Starting agent server from {target}")
    refuse_absent(target)
    end_at_once_on_signals()
    host = host_for(target, variables, env_file, listens=True)
    try:
        host.start()
    except (RuntimeError, OSError) as reason:
        fail(str(reason))
    print(f"Listening on {host.url}", flush=True)
    files = FileVariables(env_file)
    files.place()
    place_options(variables, host.facts["name"])
    os.environ.setdefault("PYDANTIC_AI_NO_BANNER", "1")  # the first screen is ours

    # pydantic-ai is heavy: probes are answered while it is imported.
    from pais.serving import serve_file

    return serve_file(host, target, files, reload=reload, options=variables)


def check_target(target: str, variables: Mapping[str, str], env_file: str) -> str | None:
    """Loads the agent and tells of it; gives the name it has by its folder, where no variable says one."""
    from pais.environment import FileVariables, place_options, restored

    refuse_absent(target)
    name: str = host_for(target, variables, env_file, listens=False).facts["name"]
    with restored():  # the settings that are printed say where they come from
        FileVariables(env_file).place()
        is_named = bool(os.environ.get("AGENT_NAME"))
        place_options(variables, name)

        from pais.serving import check_file

        if code := check_file(target):
            raise typer.Exit(code)
    return None if is_named else name


def host_for(target: str, variables: Mapping[str, str], env_file: str, *, listens: bool) -> _core.Host:
    from pais import _core

    place = target.partition(":")[0]
    folder = Path(place).resolve().parent if place.endswith(".py") else Path.cwd()
    try:
        return _core.Host(variables, env_file, folder.name, listens=listens)
    except ValueError as problems:
        for line in str(problems).splitlines():
            typer.echo(f"Error: {line}", err=True)
        raise typer.Exit(MISUSED) from None


def end_at_once_on_signals() -> None:
    """While the user's code is still being imported there is nothing to drain."""

    def end(_number: int, _frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # the signal came while it was being flushed
            sys.stdout.flush()
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
