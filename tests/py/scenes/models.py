"""Agents by the model they speak through: streamed, thinking, and the models of pydantic-ai that need no server."""

from __future__ import annotations

from fake_model import Call, Thought, calls, says
from scenes.scene import Scene, Turn

STORY = ("Once", " upon", " a", " time", " …")

SCENES = [
    Scene(
        "text is streamed token by token, across a tool call",
        "storyteller.py",
        [
            Turn(
                "A story",
                model=[calls(Call("name_of_hero", "")), says(*STORY)],
                answer="".join(STORY),
                pieces=STORY,
                tools=["name_of_hero"],
                instructions="Tell a story.",
                results=["Askeladden"],
            )
        ],
        remembered=[
            ("user_message", "A story"),
            ("tool_call", {"tool": "name_of_hero", "arguments": {}}),
            ("tool_result", {"tool": "name_of_hero", "result": "Askeladden"}),
            ("agent_response", "".join(STORY)),
        ],
    ),
    Scene(
        "thoughts are in no answer and no memory",
        "thinker.py",
        [
            Turn(
                "Heads or tails?",
                model=[
                    calls(Call("coin", "{}")),
                    says(Thought("It says heads."), Thought(" So be it."), "Heads", "."),
                ],
                answer="Heads.",
                pieces=["Heads", "."],
                tools=["coin"],
            )
        ],
        remembered=[
            ("user_message", "Heads or tails?"),
            ("tool_call", {"tool": "coin", "arguments": {}}),
            ("tool_result", {"tool": "coin", "result": "heads"}),
            ("agent_response", "Heads."),
        ],
    ),
    Scene(
        "a model that is a function answers, and streams",
        "parrot.py",
        [
            Turn("pretty Polly", answer="pretty Polly", pieces=["pretty", " Polly"]),
            Turn("wants", answer="pretty Polly then wants", pieces=["pretty", " Polly", " then", " wants"]),
        ],
        remembered=[
            ("user_message", "pretty Polly"),
            ("agent_response", "pretty Polly"),
            ("user_message", "wants"),
            ("agent_response", "pretty Polly then wants"),
        ],
        asks_server=False,
    ),
    Scene(
        "the test model calls every tool",
        "rehearsal.py",
        [
            Turn(
                "Begin",
                answer={"count_chairs": 12, "lights": "off"},
                tools=["count_chairs", "lights"],
            )
        ],
        asks_server=False,
    ),
]
