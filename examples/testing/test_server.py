"""The model's part is written down; tools, memory, streams and HTTP are the real ones."""

import server

from pais.testing import calls


def test_it_looks_the_price_up(serve_agent):
    served = serve_agent(server.agent, answers=[calls("price", item="tea"), "Three euros."])

    assert served.ask("What is the tea?", session="s1") == "Three euros."

    asked, result = served.conversation("s1")[1:3]
    assert asked["content"] == {"tool": "price", "arguments": {"item": "tea"}}
    assert result["content"] == {"tool": "price", "result": 3}


def test_a_wrong_name_is_told_to_the_model(serve_agent):
    served = serve_agent(server.agent, answers=[calls("price", item="milk"), calls("price", item="tea"), "No milk."])

    assert served.ask("What is the milk?") == "No milk."

    told = next(event for event in served.events if event["what"] == "tool_call_ended")
    assert told["is_error"]
    assert told["result"] == "There is no milk, only tea, coffee."


def test_the_file_as_it_is_deployed(serve_file):
    served = serve_file("server.py", answers=["Good morning."])

    assert served.ask("Hello") == "Good morning."
