"""What is in the stores, against what clients were told: nothing lost, nothing doubled, nothing of somebody else's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from chaos.marks import conversation_of, marks_in
from chaos.turns import Turn

Events = Sequence[Mapping[str, Any]]
ASKED = ("user_message", "task_delegation_received")


Session = tuple[str, str]  # the agent's name, and the session's
Word = tuple[str, str]  # the agent's name, and a mark that it was told


class Kept:
    """How often each word stands as a question, and has an answer, in these sessions."""

    def __init__(self, sessions: Mapping[Session, Events]) -> None:
        self.asked: Counter[Word] = Counter()
        self.answered: Counter[Word] = Counter()
        for (agent, _), events in sessions.items():
            self._add(agent, events)

    def _add(self, agent: str, events: Events) -> None:
        of_run: dict[str, str] = {}
        for event in events:
            if event["event_type"] in ASKED and (marks := marks_in(str(event["content"]))):
                of_run[event["metadata"]["run_id"]] = marks[0]
                self.asked[agent, marks[0]] += 1
            if event["event_type"] == "agent_response" and event["metadata"]["run_id"] in of_run:
                self.answered[agent, of_run[event["metadata"]["run_id"]]] += 1


def lost(turns: Iterable[Turn], kept: Kept, is_outside_the_promise: Callable[[Turn], bool]) -> list[str]:
    """Turns whose client has its whole answer, and which are not in their session."""
    return [
        f"{turn.mark} of session {turn.session} was answered by {turn.host} and is lost"
        f" (question {kept.asked[turn.agent, turn.mark]}, answer {kept.answered[turn.agent, turn.mark]} times)"
        for turn in turns
        if turn.outcome == "answered"
        and not (kept.asked[turn.agent, turn.mark] and kept.answered[turn.agent, turn.mark])
        and not is_outside_the_promise(turn)
    ]


def doubled(kept: Kept) -> list[str]:
    """Questions or answers that stand there more than once, however their turns ended."""
    return [
        f"{agent} has the question {mark} {asked} times, and an answer to it {kept.answered[agent, mark]} times"
        for (agent, mark), asked in sorted(kept.asked.items())
        if max(asked, kept.answered[agent, mark]) > 1
    ]


def mixed_sessions(sessions: Mapping[Session, Events]) -> list[str]:
    """Sessions in which there is something of another conversation."""
    found = []
    for (agent, session), events in sessions.items():
        talks = {conversation_of(one) for event in events for one in marks_in(str(event["content"]))}
        if len(talks) > 1:
            found.append(f"session {session} of {agent} has words of {sorted(talks)}")
    return found
