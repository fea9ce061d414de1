"""Conversations of others are neither guessed nor met by chance."""

from __future__ import annotations

import re
import threading
from collections import Counter

from conformance.agent import new_session
from fake_model import Asked, Reply, says
from security.world import World


def echo(asked: Asked) -> Reply:
    return says(" ".join(str(text) for _, text in asked.conversation))


def test_sessions_that_nobody_named_cannot_be_guessed(world: World) -> None:
    world.model.always(says("hello"))

    ids = [world.chat("hi").json["session_id"] for _ in range(100)]

    assert all(re.fullmatch(r"session_[0-9a-f]{12}", each) for each in ids)
    assert len({*ids}) == 100
    for place in range(12):  # a counter or a clock would show in a place that hardly changes
        digits = Counter(each[len("session_") + place] for each in ids)
        assert len(digits) >= 10, digits
        assert digits.most_common(1)[0][1] <= 25, digits


def test_many_at_once_hear_nothing_of_each_other(world: World) -> None:
    world.model.always(lambda asked: echo(asked)(asked))
    heard: dict[int, list[str]] = {}

    def talk(number: int) -> None:
        session, word = new_session(), f"<word-{number}>"
        told = [world.chat(word, session_id=session).text]
        told.append("".join(world.stream(word, session_id=session).contents))
        heard[number] = told

    talkers = [threading.Thread(target=talk, args=(number,)) for number in range(24)]
    for talker in talkers:
        talker.start()
    for talker in talkers:
        talker.join()

    assert len(heard) == 24
    for number, told in heard.items():
        assert told[0] == f"<word-{number}>"
        assert {*re.findall(r"<word-\d+>", told[1])} == {f"<word-{number}>"}


def test_who_names_a_session_is_in_it_and_nobody_else(world: World) -> None:
    """There are no users: the name of a session is what opens it. Names that are nearly the same open nothing."""
    world.model.always(lambda asked: echo(asked)(asked))
    session = new_session()
    world.chat("tulip", session_id=session)

    near = [session + " ", session + "x", session[:-1], session.upper(), session.replace("-", "_")]

    assert "tulip" in world.chat("and?", session_id=session).text
    for other in near:
        assert world.chat("and?", session_id=other).text == "and?", other
