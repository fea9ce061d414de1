"""A conversation in a terminal: a question, the answer as it comes, and so on."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from pais.cli.failing import FAILED, INTERRUPTED
from pais.cli.progress import progress_line, progress_of
from pais.cli.query import content_of
from pais.cli.remote import Refused, Remote
from pais.cli.typed_lines import TypedLines
from pais.plain_text import one_line, plain
from pais.screen import say, styled


@dataclass
class Turn:
    """A question and what came of it."""

    prompt: str
    session: str
    text: str = ""
    steps: list[str] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    ending: str = ""  # why there is no more of the answer; "" when it is whole


class Conversation:
    """With one server; its sessions may change. Refused when that is no server of agents."""

    def __init__(self, remote: Remote, session: str | None, log: Callable[[], str] | None = None) -> None:
        self.remote = remote
        self.log = log  # what the server has printed, where that was started here
        self.card = remote.card()
        self.session = session or new_session()
        self.turns: list[Turn] = []
        self._interrupts = 0

    @property
    def agent(self) -> str:
        return one_line(self.card["name"])

    def greet(self) -> None:
        description = one_line(str(self.card.get("description") or ""))
        say(f"{self.agent} at {self.remote.url}" + (f": {description}" if description else ""), "bold")
        skills = [one_line(str(each.get("name", ""))) for each in self.skills()]
        if skills:
            say(f"  tools    {', '.join(skills)}", "dim")
        say(f"  session  {self.session}", "dim")
        say("  /help says what can be done; Ctrl-D leaves.", "dim")

    def skills(self) -> list[dict[str, Any]]:
        return [each for each in self.card.get("skills") or [] if isinstance(each, dict)]

    def go_on(self, lines: TypedLines) -> int:
        """Until the user leaves. Gives the exit code."""
        while True:
            try:
                text = lines.next()
                self._interrupts = 0
                if text.strip() and not self.take(text):
                    return 0
            except EOFError:
                if lines.is_terminal:
                    print()
                    return 0
                return FAILED if any(turn.ending for turn in self.turns) else 0
            except KeyboardInterrupt:
                print()
                self._interrupts += 1
                if self._interrupts > 1 or not lines.is_terminal:
                    return INTERRUPTED
                say("Ctrl-C again leaves.", "dim")

    def take(self, text: str) -> bool:
        """What was typed: a command or a question. False when it was to leave."""
        from pais.cli.chat_commands import COMMANDS, Leave

        word, _, rest = text.strip().partition(" ")
        if not word.startswith("/") or "/" in word[1:] or "\n" in text:
            self.ask(text)
            return True
        command = COMMANDS.get(word)
        if command is None:
            say(f"There is no {word}; /help says what there is.", "yellow")
            return True
        try:
            command.do(self, rest.strip())
        except Leave:
            return False
        except Refused as reason:
            say(f"Error: {reason}", "red")
        return True

    def ask(self, prompt: str) -> None:
        turn = Turn(prompt, self.session)
        self.turns.append(turn)
        began = time.monotonic()
        screen = Answer(self.agent, turn)
        try:
            with closing(self.remote.stream(prompt, self.session)) as chunks:
                for chunk in chunks:
                    screen.show(chunk)
        except Refused as reason:
            turn.ending = str(reason)
        except KeyboardInterrupt:
            turn.ending = "stopped"
            raise
        finally:
            turn.seconds = time.monotonic() - began
            screen.end()


class Answer:
    """One answer on the screen, as far as it has come."""

    def __init__(self, agent: str, turn: Turn) -> None:
        self._agent = agent
        self._turn = turn
        self._at_line_start = True
        self._has_begun = False

    def show(self, chunk: dict[str, Any]) -> None:
        if progress := progress_of(chunk):
            self._note(progress_line(progress))
        elif text := plain(content_of(chunk, "delta")):
            self._write(text)
        if isinstance(usage := chunk.get("usage"), dict):
            self._turn.usage = usage

    def end(self) -> None:
        self._break_line()
        if self._turn.ending == "stopped":
            say("(stopped)", "yellow")
        elif self._turn.ending:
            say(f"Error: {self._turn.ending}", "red")
        elif not self._turn.text:
            say("(no text)", "dim")

    def _note(self, line: str) -> None:
        self._break_line()
        self._turn.steps.append(line)
        say(f"  {line}", "dim")

    def _write(self, text: str) -> None:
        if not self._has_begun:
            sys.stdout.write(styled(f"{self._agent}> ", "green"))
            self._has_begun = True
        self._turn.text += text
        sys.stdout.write(text)
        sys.stdout.flush()
        self._at_line_start = text.endswith("\n")

    def _break_line(self) -> None:
        if not self._at_line_start:
            print(flush=True)
        self._at_line_start = True


def new_session() -> str:
    return f"chat_{secrets.token_hex(6)}"
