"""What `pais doctor` looks at. Each look gives a Finding, and none of them raises."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pais
from pais.cli.config import check_words, settings_told
from pais.cli.remote import NotAUrl, Refused, Remote, parsed, without_context
from pais.cli.version import version_of_pydantic_ai
from pais.native import PROGRAM, find_host, pais_command
from pais.plain_text import one_line, shortened

PATIENCE = 5.0
LOADING_MAY_TAKE = 120.0
SERVED = " is served; its tools: "
OLDEST_PYTHON = (3, 11)
OLDEST_PYDANTIC_AI = (1, 93)
SHOWN_MODELS = 5
MASKED = "***"
NO_MODEL = "Agent requires either"  # which is told of where the model is looked at
MCP_VERSION = "2025-06-18"


@dataclass(frozen=True)
class Finding:
    what: str
    state: Literal["ok", "wrong", "off"]
    told: str
    advice: str = ""


def ok(what: str, told: str) -> Finding:
    return Finding(what, "ok", told)


def wrong(what: str, told: str, advice: str) -> Finding:
    return Finding(what, "wrong", one_line(told), advice)


def off(what: str, told: str) -> Finding:
    return Finding(what, "off", told)


def all_findings(target: str | None, env_file: str | None) -> Iterator[Finding]:
    yield from versions()
    host = find_host()
    if host is None:
        return
    told = subprocess.run([host, *check_words(env_file)], capture_output=True, text=True, errors="replace", check=False)
    settings = {each["name"]: each for each in settings_told(told.stdout)}
    yield from settings_findings(told.returncode, told.stderr, settings)
    yield agent(target, env_file, settings)
    if told.returncode != 0:
        return
    from pais.environment import FileVariables, restored

    with restored():
        FileVariables(env_file or "").place()
        yield model(env_file, has_file=target is not None)
        yield from mcp_servers(settings)
        yield from sub_agents(settings)
        yield memory(settings)
        yield collector(settings)


def versions() -> Iterator[Finding]:
    python = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        yield ok("Python", python)
    else:
        yield wrong("Python", python, "install Python 3.11 or newer")
    try:
        from pais import _core

        built = _core.build_info()
    except ImportError as reason:
        yield wrong("pais", f"{pais.__version__}; its core cannot be loaded: {reason}", "reinstall pais")
    else:
        about = f"{pais.__version__}, core {built['version']} ({built['compiler']}, {built['build_type']})"
        same = pais.__version__ in (built["version"], "dev")
        yield ok("pais", about) if same else wrong("pais", about, "reinstall pais: it and its core differ")
    yield native_host()
    yield pydantic_ai()


def native_host() -> Finding:
    program = find_host()
    if program is None:
        return wrong(PROGRAM, "is not installed beside this Python", "reinstall pais")
    told = subprocess.run([program, "--version"], capture_output=True, text=True, errors="replace", check=False)
    found = told.stdout.strip().removeprefix(PROGRAM).strip()
    if pais.__version__ in (found, "dev"):
        return ok(PROGRAM, f"{found} at {program}")
    return wrong(PROGRAM, f"{found or 'no version'} at {program}", f"reinstall pais: {pais.__version__} is wanted")


def pydantic_ai() -> Finding:
    found = version_of_pydantic_ai()
    if found is None:
        return wrong("pydantic-ai", "is not installed", "pip install pydantic-ai-slim")
    if is_supported(found):
        return ok("pydantic-ai", found)
    oldest = ".".join(map(str, OLDEST_PYDANTIC_AI))
    return wrong("pydantic-ai", found, f"pip install 'pydantic-ai-slim>={oldest}'")


def is_supported(pydantic_ai: str) -> bool:
    major, _, rest = pydantic_ai.partition(".")
    minor = rest.partition(".")[0]
    if not (major.isdigit() and minor.isdigit()):
        return False
    return (int(major), int(minor)) >= OLDEST_PYDANTIC_AI


def settings_findings(code: int, said: str, settings: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    lines = [line for line in said.splitlines() if line]
    if code == 0:
        chosen = [each for each in settings.values() if each["source"] not in ("default", "command line")]
        shown = ", ".join(f"{each['name']} ({each['source']})" for each in chosen)
        yield ok("settings", shown or "all as they are by themselves")
    for line in lines:
        kind, _, text = line.partition(": ")
        if kind in ("Error", "Warning") and not text.startswith(NO_MODEL):
            yield wrong("settings", text, "docs/configuration.md says what it takes; pais config shows what holds")


def agent(target: str | None, env_file: str | None, settings: Mapping[str, Mapping[str, str]]) -> Finding:
    if target is None:
        if "AGENT_NAME" in settings:
            return ok("agent", f"{settings['AGENT_NAME']['value']}, declared")
        return wrong("agent", "there is no server.py here, and no AGENT_NAME", "pais init makes one")
    command = pais_command("run", "--check", target, *([f"--env-file={env_file}"] if env_file else []))
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=LOADING_MAY_TAKE
        )
    except subprocess.TimeoutExpired:
        return wrong(
            "agent", f"{target} is not loaded after {LOADING_MAY_TAKE:.0f} s", "look at what it does at import"
        )
    if told.returncode == 0:
        return ok("agent", next((one_line(line) for line in told.stdout.splitlines() if SERVED in line), target))
    said = [line for line in told.stderr.splitlines() if line.strip()]
    return wrong("agent", said[-1] if said else f"{target} cannot be loaded", f"pais run --check {target} shows all")


def model(env_file: str | None, *, has_file: bool) -> Finding:
    from pais import _core

    host = _core.Host({"LOG_LEVEL": "CRITICAL"}, env_file or "", Path.cwd().name, listens=False)
    name = host.facts["model"]
    if host.model_server is None:
        if host.has_model:
            return ok("model", f"{name}: answers that are written down")
        if has_file:
            return off("model", "the agent's own, which is not asked here")
        return wrong("model", "none", "set MODEL_API_URL and MODEL_NAME, or DEBUG_MOCK_RESPONSES to try without")
    url, key = host.model_server
    status, body, failure = asked("GET", f"{url}/models", {"Authorization": f"Bearer {key}"})
    if failure:
        return wrong("model", f"{name} at {url}: {failure}", "start its server, or set MODEL_API_URL")
    if status in (401, 403):
        return wrong("model", f"{url} answered {status}", "set MODEL_API_KEY to a key that it takes")
    if status in (404, 405):
        return ok("model", f"{name} at {url}, which has no list of its models")
    if status != 200:
        return wrong("model", f"{url} answered {status}", "look at the log of the model's server")
    return listed_model(name, url, body)


def listed_model(name: str, url: str, body: bytes) -> Finding:
    found = parsed(body)
    data = found.get("data") if isinstance(found, dict) else None
    names = [str(each.get("id")) for each in data or [] if isinstance(each, dict)] if isinstance(data, list) else []
    if not names:
        return ok("model", f"{name} at {url}, which has no list of its models")
    if any(each == name or each.startswith(f"{name}:") for each in names):
        return ok("model", f"{name} at {url}")
    some = ", ".join(shortened(each, 60) for each in names[:SHOWN_MODELS])
    return wrong("model", f"{url} does not list {name}", f"set MODEL_NAME to one it has, such as {some}")


def mcp_servers(settings: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    servers = addresses(settings, "MCP server ")
    if not servers:
        yield off("MCP servers", "none")
    for name, url in servers.items():
        yield mcp_server(f"MCP {name}", url, headers_for(name))


def mcp_server(what: str, url: str, headers: Mapping[str, str]) -> Finding:
    if MASKED in url:
        return off(what, "not asked: its address holds a password")
    hello: dict[str, Any] = {
        "protocolVersion": MCP_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "pais doctor", "version": pais.__version__},
    }
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}).encode()
    accepted = {"Accept": "application/json, text/event-stream", **headers}
    status, content, failure = asked("POST", url, accepted, body)
    variable = f"MCP_SERVER_{what.removeprefix('MCP ')}"
    if failure:
        return wrong(what, f"{url}: {failure}", f"start it, or set {variable}_URL")
    if status in (401, 403):
        return wrong(what, f"{url} answered {status}", f"set {variable}_TOKEN")
    found = parsed(content)
    result = found.get("result") if isinstance(found, dict) else None
    if status != 200 or not isinstance(result, dict):
        return wrong(what, f"{url} answered {status}, and not as an MCP server", f"set {variable}_URL to its /mcp")
    about = result.get("serverInfo")
    name = str(about.get("name", "")) if isinstance(about, dict) else ""
    return ok(what, one_line(f"{name} at {url}" if name else url))


def headers_for(name: str) -> dict[str, str]:
    from pais.settings import upper_snake

    def said(kind: str) -> str:
        exact = os.environ.get(f"MCP_SERVER_{name}_{kind}")
        return exact or os.environ.get(f"MCP_SERVER_{upper_snake(name)}_{kind}", "")

    pairs = (item.partition("=") for item in said("HEADERS").split(","))
    found = {key.strip(): value.strip() for key, equals, value in pairs if equals}
    return {**found, **({"Authorization": f"Bearer {said('TOKEN')}"} if said("TOKEN") else {})}


def sub_agents(settings: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    for name, url in addresses(settings, "sub-agent ").items():
        try:
            card = Remote(url).card()
        except (Refused, NotAUrl) as reason:
            yield wrong(f"agent {name}", str(reason), "start it, or set its address")
        else:
            yield ok(f"agent {name}", one_line(f"{card['name']} at {url}"))


def addresses(settings: Mapping[str, Mapping[str, str]], kind: str) -> dict[str, str]:
    return {name.removeprefix(kind): each["value"] for name, each in settings.items() if name.startswith(kind)}


def memory(settings: Mapping[str, Mapping[str, str]]) -> Finding:
    kind = settings["MEMORY_TYPE"]["value"]
    if settings["MEMORY_ENABLED"]["value"] == "false" or kind in ("none", "null", "off"):
        return off("memory", "none")
    if kind != "redis" or not (url := os.environ.get("MEMORY_REDIS_URL", "")):
        path = settings["MEMORY_PATH"]["value"]
        return ok("memory", f"kept in {path}" if path else "kept in the process, until it ends")
    from pais._core import MemoryUnavailable, Store

    shown = settings["MEMORY_REDIS_URL"]["value"]
    try:
        store = Store.redis(url, settings["PAIS_MEMORY_PREFIX"]["value"], "pais-doctor", 1, 1, 1.0, "")
        store.session("pais-doctor")
        store.close()
    except (MemoryUnavailable, ValueError) as reason:
        why = str(reason).replace(" (memory_unavailable)", "").rpartition(": ")[2]
        return wrong("memory", f"{shown}: {why}", "start the Redis, or set MEMORY_REDIS_URL")
    return ok("memory", f"Redis at {shown}")


def collector(settings: Mapping[str, Mapping[str, str]]) -> Finding:
    endpoint = settings["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"]
    if settings["OTEL_SDK_DISABLED"]["value"] == "true" or settings["OTEL_ENABLED"]["value"] == "false":
        return off("telemetry", "switched off")
    if file := settings["PAIS_TELEMETRY_FILE"]["value"]:
        return ok("telemetry", f"written to {file}")
    if not endpoint:
        return off("telemetry", "goes nowhere")
    parts = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
    by_http = settings["OTEL_EXPORTER_OTLP_PROTOCOL"]["value"].startswith("http")
    try:
        port = parts.port or (4318 if by_http else 4317)
        with socket.create_connection((parts.hostname or "", port), PATIENCE):
            return ok("telemetry", f"something listens at {endpoint}")
    except (OSError, ValueError) as reason:
        told = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        return wrong("telemetry", f"{endpoint}: {told}", "start the collector, or set OTEL_EXPORTER_OTLP_ENDPOINT")


def asked(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes, str]:
    """Status and body, of a stream its first event; or why there is none."""
    from pais._core import HttpCall

    events: list[bytes] = []

    def take(_name: bytes, data: bytes) -> bool:
        events.append(data)
        return False

    call = HttpCall(method, url, list(headers.items()), body, PATIENCE)
    status, content, _kind, cause = given_up_after(call, take)
    return status, events[0] if events else content, without_context(cause)


def given_up_after(call: Any, take: Any) -> tuple[int, bytes, str, str]:
    from threading import Timer

    timer = Timer(PATIENCE, call.cancel)
    timer.daemon = True
    timer.start()
    try:
        status, content, kind, cause = call.stream(take)
    finally:
        timer.cancel()
    return status, content, kind, f"no answer in {PATIENCE:.0f} s" if kind == "cancelled" else cause


def as_json(findings: Sequence[Finding]) -> str:
    return json.dumps([{"what": f.what, "state": f.state, "told": f.told, "advice": f.advice} for f in findings])
