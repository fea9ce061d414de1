import json

from pais.testing import calls

import server

# The model hands over what has a shape by calling this tool.
ANSWER = "final_result"


def test_the_answer_is_a_recipe(serve_agent):
    recipe = {"title": "Omelette", "minutes": 10, "steps": ["Beat", "Fry"]}
    served = serve_agent(server.agent, answers=[calls("fridge"), calls(ANSWER, **recipe)])

    answer = json.loads(served.ask("What can I cook?"))

    assert server.Recipe.model_validate(answer) == server.Recipe(**recipe)


def test_a_recipe_that_takes_no_time_is_sent_back(serve_agent):
    recipe = {"title": "Omelette", "minutes": 10, "steps": ["Beat", "Fry"]}
    served = serve_agent(server.agent, answers=[calls(ANSWER, **{**recipe, "minutes": 0}), calls(ANSWER, **recipe)])

    answer = json.loads(served.ask("What can I cook?"))

    assert answer["minutes"] == 10
