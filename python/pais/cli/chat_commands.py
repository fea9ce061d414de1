"""What can be done in `pais chat` beside talking."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pais.cli.events import moment_of, show_events, told
from pais.cli.remote import Refused
from pais.plain_text import one_line
from pais.screen import say, show_table

if TYPE_CHECKING:
    from pais.cli.conversation import Conversation, Turn

SHOWN_EVENTS = 50
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class Leave(Exception):
    """The user has had enough."""


@dataclass(frozen=True)
class Command:
    words: str
    does: str
    do: Callable[[Conversation, str], None]


def session(chat: Conversation, name: str) -> None:
    from pais.cli.conversation import new_session

    if name:
        chat.session = new_session() if name == "new" else name
    say(chat.session)


def sessions(chat: Conversation, _rest: str) -> None:
    names = chat.remote.sessions()
    for name in names:
        say(f"{'*' if name == chat.session else ' '} {one_line(name)}")
    if not names:
        say("There are no sessions yet.", "dim")


def agents(chat: Conversation, _rest: str) -> None:
    """The card is read again: other agents come and go."""
    chat.card = chat.remote.card()
    away = [one_line(str(each)) for each in chat.remote.ready().get("degraded") or []]
    say(f"{chat.agent} at {chat.remote.url}: {one_line(str(chat.card.get('description') or ''))}")
    rows = [
        [kind_of(name), name.removeprefix("delegate_to_"), one_line(str(skill.get("description") or ""))]
        for skill in chat.skills()
        if (name := one_line(str(skill.get("name", ""))))
    ]
    if rows:
        show_table(["", "name", "does"], rows)
    if away:
        say(f"Away: {', '.join(away)}", "yellow")


def kind_of(tool: str) -> str:
    return "agent" if tool.startswith("delegate_to_") else "tool"


def events(chat: Conversation, _rest: str) -> None:
    found = chat.remote.events(chat.session, SHOWN_EVENTS)
    if found:
        show_events(found)
    else:
        say("Nothing is remembered of this session.", "dim")


def trace(chat: Conversation, _rest: str) -> None:
    """The last turn's events, each with its time since the question."""
    found = last_run(chat.remote.events(chat.session))
    if not found:
        say("Nothing is remembered of this session.", "dim")
        return
    facts = found[0].get("metadata")
    for name in ("run_id", "trace_id"):
        if isinstance(facts, dict) and facts.get(name):
            say(f"{name.replace('_', ' ')}  {one_line(str(facts[name]))}")
    began = moment_of(found[0])
    rows = []
    for event in found:
        moment = moment_of(event)
        since = f"{(moment - began).total_seconds():.3f} s" if began and moment else ""
        rows.append([since, one_line(str(event.get("event_type", ""))), told(event)])
    show_table(["after", "what", ""], rows)


def last_run(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not events:
        return []
    run = run_of(events[-1])
    return [event for event in events if run_of(event) == run]


def run_of(event: dict[str, Any]) -> object:
    facts = event.get("metadata")
    return facts.get("run_id") if isinstance(facts, dict) else None


def usage(chat: Conversation, _rest: str) -> None:
    rows = [
        [str(number), *(str(counted(turn, name)) for name in COUNTS), f"{turn.seconds:.1f} s"]
        for number, turn in enumerate(chat.turns, 1)
    ]
    sums = [str(sum(counted(turn, name) for turn in chat.turns)) for name in COUNTS]
    rows.append(["sum", *sums, f"{sum(turn.seconds for turn in chat.turns):.1f} s"])
    show_table(["turn", "tokens in", "out", "all", "time"], rows)


def counted(turn: Turn, name: str) -> int:
    value = turn.usage.get(name)
    return value if isinstance(value, int) else 0


def log(chat: Conversation, _rest: str) -> None:
    if chat.log is None:
        raise Refused("the agent was not started here; its log is where it was")
    say(chat.log().rstrip("\n"))


def save(chat: Conversation, name: str) -> None:
    """JSON Lines of the server's events where the name says so; else what was seen here, as Markdown."""
    path = Path(name or f"{file_name(chat.session)}.md").expanduser()
    if path.suffix == ".jsonl":
        content = chat.remote.export(chat.session)
    elif path.suffix == ".json":
        content = json.dumps(chat.remote.events(chat.session), indent=2).encode()
    else:
        content = as_markdown(chat).encode("utf-8", "replace")
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise Refused(f"{path} is there already; say /save and another name") from None
    except OSError as reason:
        raise Refused(f"{path} cannot be written: {reason.strerror}") from None
    say(f"Saved in {path}")


def file_name(session: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in session).lstrip(".") or "chat"


def as_markdown(chat: Conversation) -> str:
    parts = [f"# {chat.agent}, session {chat.session}\n"]
    for turn in chat.turns:
        if turn.session != chat.session:
            continue
        parts.append(f"**You:** {turn.prompt}\n")
        parts += [f"- {step.strip()}" for step in turn.steps]
        if turn.steps:
            parts.append("")
        parts.append(f"**{chat.agent}:** {turn.text or '(no text)'}\n")
        if turn.ending:
            parts.append(f"*{turn.ending}*\n")
    return "\n".join(parts)


def show_help(_chat: Conversation, _rest: str) -> None:
    show_table(["", ""], [[each.words, each.does] for each in COMMANDS.values() if each.does])
    say('A line that ends in \\ goes on; lines between """ and """ are one question. Arrow up: earlier ones.', "dim")
    say("Ctrl-C stops the answer, twice leaves; so do /quit and Ctrl-D.", "dim")


def leave(_chat: Conversation, _rest: str) -> None:
    raise Leave


COMMANDS = {
    "/session": Command("/session [ID|new]", "Show the session, go on with another, or begin a new one.", session),
    "/sessions": Command("/sessions", "List the sessions that the server remembers.", sessions),
    "/agents": Command("/agents", "Show the agent, its tools and the agents it can ask.", agents),
    "/events": Command("/events", "Show what the server remembers of this session.", events),
    "/trace": Command("/trace", "Show the last turn step by step, with times and its ids.", trace),
    "/usage": Command("/usage", "Show the tokens and the time of each turn.", usage),
    "/save": Command("/save [FILE]", "Save the conversation: .md as seen here, .json or .jsonl as remembered.", save),
    "/log": Command("/log", "Show what the agent has printed, where it was started for this conversation.", log),
    "/help": Command("/help", "Show this.", show_help),
    "/quit": Command("/quit", "Leave.", leave),
    "/exit": Command("/exit", "", leave),
}
