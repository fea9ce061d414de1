"""The examples, and what README.md shows, answer as they say."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

import wire
from conftest import StartHost

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAIS_RUN = (Path(sysconfig.get_path("scripts")) / "pais", "run")


def test_hello_answers_from_its_script(start_host: StartHost) -> None:
    host = start_host(f"--env-file={EXAMPLES / 'hello' / 'hello.env'}", "--mock=Hello!", command=PAIS_RUN)

    assert wire.get(f"{host.url}/health")["name"] == "hello"
    assert wire.ask(host.url, "Who are you?") == "Hello!"


def test_clock_tells_the_time(start_host: StartHost) -> None:
    host = start_host(command=(*PAIS_RUN, EXAMPLES / "clock" / "server.py"))

    assert re.search(r'"now":"\d{4}-\d\d-\d\dT', wire.ask(host.url, "What time is it?"))


def test_the_server_py_of_the_readme_answers(start_host: StartHost, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    snippet = re.search(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert snippet
    (tmp_path / "server.py").write_text(snippet[1])

    host = start_host(command=PAIS_RUN)

    assert '"dice":' in wire.ask(host.url, "Roll the dice")
