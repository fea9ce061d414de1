"""Agents whose answers have a form: models, unions, functions, dataclasses, validators."""

from __future__ import annotations

import json

from fake_model import Call, calls, says
from scenes.scene import Scene, Turn

INVOICE = {"number": "R-7", "due": "2026-12-01", "lines": [{"what": "rope", "amount": "9.90"}], "note": None}
ESCALATION = {"team": "billing", "reason": "charged twice"}
HAIKU = "Old Pond\na Frog leaps in\nWater's Sound"
RECIPE = {"title": "Fårikål", "minutes": 120, "vegetarian": False}


def call(name: str, /, **arguments: object) -> Call:
    return Call(name, json.dumps(arguments))


SCENES = [
    Scene(
        "a model is answered as JSON, in one piece",
        "invoice_reader.py",
        [
            Turn(
                "R-7, rope, 9.90, by December",
                model=[calls(call("final_result", number="R-7", due="2026-12-01", lines=INVOICE["lines"]))],
                answer=INVOICE,
                pieces=[json.dumps(INVOICE, separators=(",", ":"))],
                instructions="Extract the invoice. Amounts are in euros.",
                offered={"final_result"},
            )
        ],
        remembered=[
            ("user_message", "R-7, rope, 9.90, by December"),
            ("agent_response", json.dumps(INVOICE, separators=(",", ":"))),
        ],
    ),
    Scene(
        "an output that does not fit is told to the model, which may try again",
        "invoice_reader.py",
        [
            Turn(
                "R-7, rope",
                model=[
                    calls(call("final_result", number="R-7", due="soon", lines=[])),
                    calls(call("final_result", number="R-7", due="2026-12-01", lines=INVOICE["lines"])),
                ],
                answer=INVOICE,
                heard=["due", "soon"],
            )
        ],
    ),
    Scene(
        "an output that never fits fails the turn",
        "invoice_reader.py",
        [
            Turn(
                "?",
                model=[calls(call("final_result", number="R-7")), calls(call("final_result", number="R-8"))],
                refusal=(500, "output_invalid"),
            )
        ],
    ),
    Scene(
        "of a union each kind can be the answer, text too",
        "support_triage.py",
        [
            Turn(
                "Where is the router's button?",
                model=[calls(call("final_result_Answer", text="At the back.", page=4))],
                answer={"text": "At the back.", "page": 4},
                offered={"final_result_Answer", "final_result_Escalation"},
            ),
            Turn(
                "I was charged twice!", model=[calls(call("final_result_Escalation", **ESCALATION))], answer=ESCALATION
            ),
            Turn("Thanks", model=[says("You", " are welcome.")], answer="You are welcome."),
        ],
    ),
    Scene(
        "an output function has the last word, and may ask for another try",
        "sql_gate.py",
        [
            Turn(
                "How many orders?",
                model=[
                    calls(call("final_result", sql="DROP TABLE orders")),
                    calls(call("final_result", sql="SELECT * FROM secrets")),
                    calls(call("final_result", sql="SELECT count(*) FROM orders")),
                ],
                answer=[{"count": 42}],
                pieces=['[{"count":42}]'],
                heard=["Only SELECT is allowed.", "Use one of these tables: customers, orders."],
            )
        ],
        remembered=[("user_message", "How many orders?"), ("agent_response", '[{"count":42}]')],
    ),
    Scene(
        "a list of dataclasses is answered as JSON",
        "shopping_list.py",
        [
            Turn(
                "We are out of bread and six eggs",
                model=[
                    calls(
                        call(
                            "final_result",
                            response=[
                                {"name": "bread", "shop": "bakery"},
                                {"name": "eggs", "shop": "market", "count": 6, "tags": ["fresh"]},
                            ],
                        )
                    )
                ],
                answer=[
                    {"name": "bread", "shop": "bakery", "count": 1, "tags": []},
                    {"name": "eggs", "shop": "market", "count": 6, "tags": ["fresh"]},
                ],
            ),
            Turn("Nothing after all", model=[calls(call("final_result", response=[]))], answer=[]),
        ],
    ),
    Scene(
        "an answer that was asked for as JSON text is read, and given once",
        "recipe_card.py",
        [
            Turn(
                "Mutton, please",
                model=[says('{"title": "F', 'årikål", "minu', 'tes": 120}')],
                answer=RECIPE,
                pieces=[json.dumps(RECIPE, separators=(",", ":"), ensure_ascii=False)],
            )
        ],
    ),
    Scene(
        "a validator's text is the answer, not the model's",
        "haiku.py",
        [
            Turn(
                "A frog",
                model=[says("A frog", " jumps."), says(*HAIKU.splitlines(keepends=True))],
                answer=HAIKU.lower(),
                heard=["A haiku has 3 lines, not 1."],
                pieces=[HAIKU.lower()],
            )
        ],
        remembered=[("user_message", "A frog"), ("agent_response", HAIKU.lower())],
    ),
    Scene(
        "a validator that is never content fails the turn",
        "haiku.py",
        [Turn("A frog", model=[says("one"), says("two"), says("three")], refusal=(500, "output_invalid"))],
        remembered=[("user_message", "A frog"), ("error", "The agent's output is not valid.")],
    ),
    Scene(
        "an output tool may have a name of its own",
        "gallery.py",
        [
            Turn(
                [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "What is this?"},
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                        ],
                    }
                ],
                model=[
                    calls(call("painters", year=1893)),
                    calls(call("catalogue", title="Skrik", painter="Munch")),
                ],
                answer={"title": "Skrik", "painter": "Munch"},
                tools=["painters"],
                results=[["Munch"]],
                offered={"painters", "catalogue"},
            )
        ],
        remembered=[
            ("user_message", "What is this?\n[image]"),
            ("tool_call", {"tool": "painters", "arguments": {"year": 1893}}),
            ("tool_result", {"tool": "painters", "result": ["Munch"]}),
            ("agent_response", '{"title":"Skrik","painter":"Munch"}'),
        ],
    ),
]
