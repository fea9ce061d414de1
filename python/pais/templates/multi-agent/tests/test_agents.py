from pais.testing import calls

import server


def test_a_task_is_handed_on(serve_file):
    researcher = serve_file(
        "researcher.py", answers=[calls("look_up", topic="tides"), "The moon makes them."], AGENT_NAME="researcher"
    )
    served = serve_file(
        "server.py",
        answers=[calls("delegate_to_researcher", task="What makes the tides?"), "It is the moon."],
        AGENT_SUB_AGENTS=f"researcher:{researcher.url}",
    )

    assert served.ask("Why are there tides?", session="s") == "It is the moon."

    told = [event["content"] for event in served.conversation("s")]
    assert "The moon makes them." in str(told)


def test_it_plans(serve_agent):
    served = serve_agent(server.agent, answers=[calls("plan", goal="tides"), "Two steps."])

    assert served.ask("How do you go about it?", session="s") == "Two steps."

    assert served.conversation("s")[2]["content"]["result"] == ["Research tides", "Sum up tides"]
