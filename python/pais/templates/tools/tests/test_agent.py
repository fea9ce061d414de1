import pytest
from pais.testing import calls

import server


def test_it_converts(serve_agent):
    served = serve_agent(server.agent, answers=[calls("convert", amount=2, unit="km", into="m"), "2000 m."])

    assert served.ask("2 km?", session="s") == "2000 m."

    assert served.conversation("s")[2]["content"]["result"] == 2000.0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (calls("convert", amount=1, unit="yd", into="m"), "'m', 'km', 'ft' or 'mi'"),
        (calls("convert", amount=-1, unit="m", into="ft"), "greater than or equal to 0"),
        (calls("note", text=" "), "nothing to note"),
    ],
)
def test_the_model_is_told_what_was_wrong_with_a_call(call, told, serve_agent):
    served = serve_agent(server.agent, answers=[call, "I cannot do that."])

    assert served.ask("A yard?") == "I cannot do that."

    (result,) = [event for event in served.events if event["what"] == "tool_call_ended"]
    assert result["is_error"]
    assert told in result["result"]


def test_each_conversation_has_its_own_notes(serve_agent):
    server.notes.clear()
    served = serve_agent(server.agent, answers=[calls("note", text="Buy milk"), "Noted."])

    served.ask("Remember the milk", session="one")
    served.ask("Remember the milk", session="other")

    assert server.notes == {"one": ["Buy milk"], "other": ["Buy milk"]}
