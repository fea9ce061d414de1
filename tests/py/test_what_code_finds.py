"""What the user's code finds when `pais run` imports it: its variables, and a place to log to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from served import Served

Serve = Callable[..., Served]

SAYS = """
import os
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

said = " ".join(os.environ.get(name, "nothing") for name in ("OF_THE_USER", "AGENT_NAME", "MODEL_NAME"))
agent = Agent(TestModel(custom_output_text=said))
"""

FACTORY = """
from pydantic_ai import Agent
from pais.server import create_agent_server

def get_app():
    return create_agent_server(custom_agent=Agent("test", name="mine", defer_model_check=True)).app
"""

LOGS = """
import logging
from pydantic_ai import Agent
{setup}
log = logging.getLogger("shop")
log.debug("every detail")
agent = Agent("test")

@agent.tool_plain
def look() -> str:
    log.debug("a detail")
    log.info("a fact")
    return "x"
"""


def lines_of(served: Served) -> list[str]:
    return [line.partition(" - ")[2] for line in served.output.splitlines() if " - shop - " in line]


def test_the_files_of_variables_reach_the_code(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OF_THE_USER=weak\nMODEL_NAME=small\n")
    (tmp_path / "some.env").write_text("OF_THE_USER=strong\nAGENT_NAME=bob\n")

    served = serve(SAYS, "--env-file", "some.env")

    assert served.chat("?").text == "strong bob small"


def test_the_environment_is_stronger_than_files_and_an_option_stronger_than_it(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OF_THE_USER=file\nAGENT_NAME=file\n")

    served = serve(SAYS, "--name", "option", OF_THE_USER="environment", AGENT_NAME="environment")

    assert served.chat("?").text == "environment option nothing"


def test_a_factory_finds_the_name_that_the_folder_gives(serve: Serve, tmp_path: Path) -> None:
    served = serve(FACTORY)

    assert served.get("/health").json["name"] == tmp_path.name
    assert served.chat("?").status == 200


def test_what_code_logs_is_shown_in_the_form_of_the_hosts_lines(serve: Serve) -> None:
    served = serve(LOGS.format(setup=""))

    served.chat("?")

    assert lines_of(served) == ["shop - INFO - a fact"]


@pytest.mark.parametrize(
    ("options", "environment"),
    [(["--log-level", "debug"], {}), ([], {"LOG_LEVEL": "DEBUG"})],
    ids=["option", "variable"],
)
def test_the_level_of_the_log_is_that_of_the_code_too(
    serve: Serve, options: list[str], environment: dict[str, str]
) -> None:
    served = serve(LOGS.format(setup=""), *options, **environment)

    served.chat("?")

    assert lines_of(served) == ["shop - DEBUG - a detail", "shop - INFO - a fact"]


def test_a_log_that_the_code_has_set_up_is_left_alone(serve: Serve) -> None:
    served = serve(LOGS.format(setup="logging.basicConfig(format='mine: %(message)s', level='INFO')"))

    served.chat("?")

    assert "mine: a fact" in served.output
    assert lines_of(served) == []


def test_in_json_what_code_logs_is_an_object_a_line(serve: Serve) -> None:
    served = serve(LOGS.format(setup=""), PAIS_LOG_FORMAT="json")

    served.chat("?")

    records = [json.loads(line) for line in served.output.splitlines() if line.startswith("{")]
    (record,) = [record for record in records if record["logger"] == "shop"]
    assert (record["level"], record["message"]) == ("INFO", "a fact")
    (of_the_host, *_) = [record for record in records if record["logger"] == "pais.server"]
    assert len(record["time"]) == len(of_the_host["time"])
