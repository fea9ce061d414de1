from pais.testing import calls

import server


def test_it_tells_the_date(serve_agent):
    served = serve_agent(server.agent, answers=[calls("today"), "That is today."])

    assert served.ask("Which day is it?", session="s") == "That is today."

    assert served.conversation("s")[2]["content"]["result"] == server.today()
