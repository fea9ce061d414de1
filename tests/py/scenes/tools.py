"""Agents and their tools: what they return, how they fail, where they come from."""

from __future__ import annotations

import json

from fake_model import Call, calls, says
from scenes.scene import Scene, Turn


def call(name: str, /, id: str = "c1", **arguments: object) -> Call:
    return Call(name, json.dumps(arguments), id=id)


DRAWERS = ["folder", "folders", "stamp", "lost", "counts", "sealed"]

SCENES = [
    Scene(
        "sync and async tools of one answer run, and its results go back in order",
        "unit_converter.py",
        [
            Turn(
                "Convert 212 F and $10.50",
                model=[
                    calls(call("to_celsius", "c1", fahrenheit=212), call("to_euros", "c2", dollars=10, cents=50)),
                    says("100 C", " and 9.45 EUR"),
                ],
                answer="100 C and 9.45 EUR",
                pieces=["100 C", " and 9.45 EUR"],
                tools=["to_celsius", "to_euros"],
                results=[100.0, "9.45 EUR"],
                offered={"to_celsius", "to_euros"},
            )
        ],
    ),
    Scene(
        "ModelRetry is told to the model, which tries again",
        "table_booking.py",
        [
            Turn(
                "A table for four at six",
                model=[
                    calls(call("book", hour=18, party={"name": "Holm", "people": 4})),
                    calls(call("book", "c2", hour=21, party={"name": "Holm", "people": 4})),
                    says("Nine it is."),
                ],
                answer="Nine it is.",
                tools=["book", "book"],
                heard=["No table at 18. Free for 4: 21.", "Holm at 21"],
            )
        ],
    ),
    Scene(
        "arguments that do not fit are told to the model",
        "table_booking.py",
        [
            Turn(
                "A table for a hundred",
                model=[calls(call("book", hour=21, party={"name": "Holm", "people": 100})), says("We are too small.")],
                answer="We are too small.",
                tools=["book"],
                heard=["people", "less than or equal to 12"],
            )
        ],
    ),
    Scene(
        "a tool that wants to be tried too often fails the turn",
        "table_booking.py",
        [
            Turn(
                "Six o'clock!",
                model=[calls(call("book", f"c{n}", hour=18, party={"name": "H", "people": 4})) for n in range(3)],
                refusal=(500, "tool_retries_exceeded"),
                tools=["book", "book", "book"],
            ),
            Turn("And now?", model=[says("Now I am here again.")], answer="Now I am here again."),
        ],
    ),
    Scene(
        "a tool that does not exist is told to the model",
        "unit_converter.py",
        [
            Turn(
                "Kelvin?",
                model=[calls(call("to_kelvin")), says("I cannot.")],
                answer="I cannot.",
                tools=["to_kelvin"],
                heard=["Unknown tool name: 'to_kelvin'", "to_celsius"],
            )
        ],
    ),
    Scene(
        "whatever a tool returns reaches the model and the memory",
        "file_cabinet.py",
        [
            Turn(
                "Open them all",
                model=[*(calls(call(name, name)) for name in DRAWERS), says("All open.")],
                answer="All open.",
                tools=DRAWERS,
                results=[
                    {"label": "taxes", "pages": 12},
                    [{"label": "a", "pages": 1}, {"label": "b", "pages": 2}],
                    {"by": "Ida", "at": "2026-01-02T03:04:00Z"},
                    None,
                    {"pages": [1.0, 2.5]},
                    False,
                ],
            )
        ],
        remembered=[
            ("user_message", "Open them all"),
            *(
                event
                for name, result in [
                    ("folder", {"label": "taxes", "pages": 12}),
                    ("folders", [{"label": "a", "pages": 1}, {"label": "b", "pages": 2}]),
                    ("stamp", {"by": "Ida", "at": "2026-01-02T03:04:00Z"}),
                    ("lost", None),
                    ("counts", {"pages": [1.0, 2.5]}),
                    ("sealed", False),
                ]
                for event in [
                    ("tool_call", {"tool": name, "arguments": {}}),
                    ("tool_result", {"tool": name, "result": result}),
                ]
            ),
            ("agent_response", "All open."),
        ],
        environment={"AGENTIC_LOOP_MAX_STEPS": "8"},
    ),
    Scene(
        "bytes reach the model in a form that depends on pydantic-ai, and fail nothing",
        "file_cabinet.py",
        [Turn("Scan it", model=[calls(call("scan")), says("Scanned.")], answer="Scanned.", tools=["scan"])],
        environment={"AGENTIC_LOOP_MAX_STEPS": "8"},
    ),
    Scene(
        "more steps than allowed fail the turn, which keeps its calls",
        "file_cabinet.py",
        [
            Turn(
                "Open and shut",
                model=[calls(call("sealed", "c1")), calls(call("sealed", "c2"))],
                refusal=(500, "step_limit_exceeded"),
                tools=["sealed", "sealed"],
            )
        ],
        remembered=[
            ("user_message", "Open and shut"),
            ("tool_call", {"tool": "sealed", "arguments": {}}),
            ("tool_result", {"tool": "sealed", "result": False}),
            ("tool_call", {"tool": "sealed", "arguments": {}}),
            ("tool_result", {"tool": "sealed", "result": False}),
            ("error", "The agent reached its limit of model requests before it had an answer."),
        ],
        environment={"AGENTIC_LOOP_MAX_STEPS": "2"},
    ),
    Scene(
        "toolsets of its own are offered as they were put together",
        "toolbox.py",
        [
            Turn(
                "Read notes.txt, and is localhost there?",
                model=[
                    calls(call("fs_read_file", "c1", path="notes.txt"), call("ping", "c2", host="localhost")),
                    says("Both."),
                ],
                answer="Both.",
                tools=["fs_read_file", "ping"],
                results=["<contents of notes.txt>", True],
                offered={"fs_read_file", "ping"},
            )
        ],
    ),
    Scene(
        "a tool may be withheld, and may have a name of its own",
        "night_shift.py",
        [
            Turn(
                "Pressure?",
                model=[calls(call("gauge", valve="V1")), says("2 bar.")],
                answer="2 bar.",
                tools=["gauge"],
                results=["V1: 2 bar, engineer on site: False"],
                offered={"gauge"},
            )
        ],
    ),
    Scene(
        "agents of one file may ask each other; only the served one's tools show",
        "newsroom.py",
        [
            Turn(
                "What happened in 1905?",
                model=[
                    calls(call("research", topic="1905")),
                    calls(call("archive", year=1905)),
                    says("Nothing happened."),
                    calls(call("is_true", "c2", claim="Nothing happened.")),
                    calls(call("final_result", response=True)),
                    says("Nothing", " happened, and that is true."),
                ],
                answer="Nothing happened, and that is true.",
                pieces=["Nothing", " happened, and that is true."],
                tools=["research", "is_true"],
                instructions="You are the editor.",
                results=["Nothing happened.", True],
            )
        ],
        remembered=[
            ("user_message", "What happened in 1905?"),
            ("tool_call", {"tool": "research", "arguments": {"topic": "1905"}}),
            ("tool_result", {"tool": "research", "result": "Nothing happened."}),
            ("tool_call", {"tool": "is_true", "arguments": {"claim": "Nothing happened."}}),
            ("tool_result", {"tool": "is_true", "result": True}),
            ("agent_response", "Nothing happened, and that is true."),
        ],
        environment={"AGENTIC_LOOP_MAX_STEPS": "8"},
    ),
    Scene(
        "a limit that a tool sets for another agent is the tool's affair",
        "careful_buyer.py:buyer",
        [
            Turn(
                "Analyse tulips",
                model=[
                    calls(call("analyse", subject="tulips")),
                    calls(call("dig_deeper", "d1", subject="tulips")),
                    calls(call("dig_deeper", "d2", subject="bulbs")),
                    says("Not worth it."),
                ],
                answer="Not worth it.",
                tools=["analyse"],
                results=["the budget was spent before there was an answer"],
            )
        ],
    ),
    Scene(
        "a tool that raises fails the turn, and tells nothing of why",
        "fragile_lookup.py",
        [
            Turn(
                "Ida?", model=[calls(call("customer", name="ida")), says("Oslo.")], answer="Oslo.", tools=["customer"]
            ),
            Turn("Per?", model=[calls(call("customer", name="per"))], refusal=(500, "tool_failed"), tools=["customer"]),
            Turn(
                "Thanks",
                model=[says("Sorry for that.")],
                answer="Sorry for that.",
                conversation=[("user", "Ida?"), ("assistant", "Oslo."), ("user", "Thanks")],
            ),
        ],
    ),
]
