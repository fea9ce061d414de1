"""What an agent knows besides the question: dependencies, instructions, history, files."""

from __future__ import annotations

import json

from fake_model import Call, calls, says
from scenes.scene import Scene, Turn


def call(name: str, /, **arguments: object) -> Call:
    return Call(name, json.dumps(arguments))


POET = "You are a poet.\nYou are melancholic."

SCENES = [
    Scene(
        "its dependencies are made anew for each run",
        "warehouse.py",
        [
            Turn(
                "Three bolts",
                model=[calls(call("take", what="bolts", count=3)), says("37 left.")],
                answer="37 left.",
                tools=["take"],
                results=[37],
                instructions="In stock: 37 bolts, 0 nuts",
            ),
            Turn(
                "One more",
                model=[calls(call("take", what="bolts", count=1)), says("39 left.")],
                answer="39 left.",
                tools=["take"],
                results=[39],
                instructions="In stock: 39 bolts, 0 nuts",
            ),
        ],
    ),
    Scene(
        "it is told in which conversation it is, and what was said there",
        "notes_keeper.py",
        [
            Turn("My name is Ida", model=[says("Hello Ida.")], answer="Hello Ida."),
            Turn(
                "What did I say?",
                model=[calls(call("what_was_said")), says("Your name.")],
                answer="Your name.",
                tools=["what_was_said"],
                results=["User: My name is Ida\nAssistant: Hello Ida.\nUser: What did I say?"],
            ),
        ],
    ),
    Scene(
        "instructions may be computed for each question",
        "house_rules.py",
        [
            Turn(
                "Hello",
                model=[says("Welcome.")],
                answer="Welcome.",
                instructions="You are the concierge.\n\nThe house is called Hotel Bristol.",
            ),
            Turn(
                "Bonjour",
                model=[says("Bienvenue.")],
                answer="Bienvenue.",
                instructions="You are the concierge.\n\nThe house is called Hotel Bristol.\n\nAnswer in French.",
                conversation=[("user", "Hello"), ("assistant", "Welcome."), ("user", "Bonjour")],
            ),
        ],
        environment={"HOUSE": "Hotel Bristol"},
    ),
    Scene(
        "system prompts are there at every turn, once",
        "poet.py",
        [
            Turn("Rain", model=[says("It rains.")], answer="It rains.", instructions=POET),
            Turn(
                "Snow",
                model=[says("It snows.")],
                answer="It snows.",
                instructions=POET,
                conversation=[("user", "Rain"), ("assistant", "It rains."), ("user", "Snow")],
            ),
            Turn("Sun", model=[says("It shines.")], answer="It shines.", instructions=POET),
        ],
    ),
    Scene(
        "a history processor sees the history, and its word counts",
        "forgetful.py",
        [
            Turn("My card is 4111111111111111", model=[says("Noted.")], answer="Noted."),
            Turn("Two", model=[says("2")], answer="2"),
            Turn(
                "Three",
                model=[says("3")],
                answer="3",
                conversation=[("user", "Two"), ("assistant", "2"), ("user", "Three")],
            ),
        ],
    ),
    Scene(
        "modules beside the file and relative paths are found",
        "library/server.py",
        [
            Turn(
                "Anything by Undset?",
                model=[calls(call("find", word="undset")), says("Two, shelf 7.")],
                answer="Two, shelf 7.",
                tools=["find"],
                instructions="You are the librarian of Bærum.",
                results=[
                    [
                        {"title": "Kristin Lavransdatter", "author": "Sigrid Undset", "shelf": 7},
                        {"title": "Jenny", "author": "Sigrid Undset", "shelf": 7},
                    ]
                ],
            )
        ],
    ),
    Scene(
        "an agent may be made by a function, and chosen by its name",
        "branch_office.py:oslo",
        [
            Turn(
                "When do you open?",
                model=[calls(call("opens_at")), says("At nine.")],
                answer="At nine.",
                tools=["opens_at"],
                instructions="You work in Oslo.",
                results=[9],
            )
        ],
    ),
]
