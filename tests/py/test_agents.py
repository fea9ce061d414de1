"""The agents of tests/py/agents, each served by `pais run` and asked over the wire, plain and streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.agent import new_session
from fake_model import Asked
from scenes import context, models, outputs, tools
from scenes.scene import Scene, Turn
from served import Served

AGENTS = Path(__file__).parent / "agents"
SCENES = [*outputs.SCENES, *tools.SCENES, *context.SCENES, *models.SCENES]

# Whose model answers: the one that the file brings (which asks where OPENAI_BASE_URL points), or the host's.
OWN_MODEL = {"OPENAI_BASE_URL": "{model}/v1", "OPENAI_API_KEY": "any"}
HOSTS_MODEL = {**OWN_MODEL, "MODEL_API_URL": "{model}", "MODEL_NAME": "fake-1"}
LANES: Mapping[str, Mapping[str, str]] = {"own model": OWN_MODEL, "host's model": HOSTS_MODEL}
BY_OWN_MODEL = [*outputs.SCENES, *models.SCENES]
BY_HOSTS_MODEL = [scene for scene in SCENES if scene.asks_server]


@dataclass(frozen=True)
class Stage:
    """An agent that is served with these variables; scenes that want the same share it, one after another."""

    agent: str
    variables: frozenset[tuple[str, str]]

    @staticmethod
    def of(scene: Scene, lane: str) -> Stage:
        return Stage(scene.agent, frozenset({**LANES[lane], **scene.environment}.items()))


def plays() -> Iterator[Any]:
    """Every agent with the host's model, and those whose streams differ most with its own as well."""
    for lane in LANES:
        for scene in sorted(SCENES, key=lambda scene: scene.agent):
            if scene in (BY_OWN_MODEL if lane == "own model" else BY_HOSTS_MODEL):
                yield pytest.param(Stage.of(scene, lane), scene, id=f"{scene.name}-{lane}")


class Theatre:
    """One stage at a time: the scenes come in the order of theirs, and starting an agent takes seconds."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._served: Served | None = None

    def on(self, stage: Stage) -> Served:
        if self._served is None or stage != self._stage:
            self.close()
            path = AGENTS / stage.agent
            self._stage, self._served = stage, Served(path.name, path.parent, dict(stage.variables))
        return self._served

    def close(self) -> None:
        served, self._served = self._served, None
        if served is not None:
            served.stop()


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    theatre = Theatre()
    yield theatre
    theatre.close()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("stage", "scene"), list(plays()))
def test_it_plays(stage: Stage, scene: Scene, stream: bool, theatre: Theatre) -> None:
    served, session = theatre.on(stage), new_session()

    for turn in scene.turns:
        play(served, turn, session, stream)

    if scene.remembered is not None:
        assert served.told(session) == list(scene.remembered)


def play(served: Served, turn: Turn, session: str, stream: bool) -> None:
    served.model.forget()
    served.model.will(*turn.model)

    (ask_streaming if stream else ask_plainly)(served, turn, session)

    assert not served.model.surprises, served.model.surprises[0].body
    assert not served.model.unused
    if turn.model:
        check_last_request(served.model.last, turn)


def ask_plainly(served: Served, turn: Turn, session: str) -> None:
    answer = served.chat(turn.prompt, session_id=session)

    if turn.refusal:
        assert answer.refusal == turn.refusal
        assert "hunter2" not in answer.body.decode()
    else:
        check_text(answer.text, turn.answer)


def ask_streaming(served: Served, turn: Turn, session: str) -> None:
    asking = served.ask(turn.prompt, session_id=session, stream=True)
    if turn.refusal and not turn.tools:  # nothing was sent before it failed, so the status is true
        assert asking.answer().refusal == turn.refusal
        return
    streamed = asking.rest()

    announced = [json.loads(content) for content in streamed.contents if content.startswith('{"type": "progress"')]
    assert [each["target"] for each in announced] == list(turn.tools)
    if turn.refusal:
        assert [error["code"] for error in streamed.errors] == [turn.refusal[1]]
        assert not streamed.finish_reasons
        return
    assert not streamed.errors
    assert streamed.finish_reasons == ["stop"]
    pieces = [content for content in streamed.contents if not content.startswith('{"type": "progress"')]
    check_text("".join(pieces), turn.answer)
    if turn.pieces is not None:
        assert pieces == list(turn.pieces)


def check_text(text: str, expected: Any) -> None:
    assert (text if isinstance(expected, str) else json.loads(text)) == expected


def check_last_request(asked: Asked, turn: Turn) -> None:
    """What the model was told when it was asked last."""
    if turn.results is not None:
        told = [as_value(message["content"]) for message in asked.messages if message["role"] == "tool"]
        assert told == list(turn.results)
    if turn.instructions is not None:
        texts = [str(message["content"]) for message in asked.messages if message["role"] == "system"]
        assert " ".join(texts).split() == turn.instructions.split()
    if turn.offered is not None:
        assert {tool["function"]["name"] for tool in asked.body.get("tools", [])} == turn.offered
    for text in turn.heard:
        assert text in json.dumps(asked.body, ensure_ascii=False)
    if turn.conversation is not None:
        assert asked.conversation == list(turn.conversation)


def as_value(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def test_every_agent_of_the_folder_has_a_scene() -> None:
    files = {str(path.relative_to(AGENTS)) for path in AGENTS.glob("*.py")} | {"library/server.py"}

    assert files == {scene.agent.partition(":")[0] for scene in SCENES}
