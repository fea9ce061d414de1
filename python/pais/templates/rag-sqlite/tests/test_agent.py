from pais.testing import calls

import server


def found(served, session):
    return served.conversation(session)[2]["content"]["result"]


def test_it_finds_the_passage_that_answers(serve_agent):
    served = serve_agent(
        server.agent, answers=[calls("search", question="When do you close on Saturdays?"), "At 13:00."]
    )

    assert served.ask("Until when can I come on Saturday?", session="s") == "At 13:00."

    best = found(served, "s")[0]
    assert best["source"] == "opening-hours.md"
    assert "13:00" in best["text"]


def test_what_was_added_is_found(serve_agent):
    added = calls("remember", source="parking", text="Bicycles are parked in the yard.")
    served = serve_agent(server.agent, answers=[added, calls("search", question="bicycle?"), "In the yard."])

    assert served.ask("Bicycles are parked in the yard. Where do I park mine?", session="s") == "In the yard."

    assert found(served, "s") == "It can be found now."
    assert server.search("bicycle")[0].source == "parking"
