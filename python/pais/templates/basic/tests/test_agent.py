from pais.testing import calls

import server


def test_it_greets(serve_agent):
    served = serve_agent(server.agent, answers=[calls("hello", name="Ada"), "Hello, Ada!"])

    assert served.ask("I am Ada.", session="s") == "Hello, Ada!"

    call, result = served.conversation("s")[1:3]
    assert call["content"] == {"tool": "hello", "arguments": {"name": "Ada"}}
    assert result["content"] == {"tool": "hello", "result": "Hello, Ada!"}


def test_it_adds(serve_agent):
    served = serve_agent(server.agent, answers=[calls("add", a=2, b=3), "Five."])

    assert served.ask("2 + 3?", session="s") == "Five."

    assert served.conversation("s")[2]["content"]["result"] == 5
