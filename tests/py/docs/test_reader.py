"""A page that shows what does not happen fails, at its line; so does one that says nothing of why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.commands import steps_of
from docs.page import blocks_of
from docs.reader import Reader


def page(folder: Path, text: str) -> Path:
    written = folder / "page.md"
    written.write_text(text, encoding="utf-8")
    return written


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Words.\n\n    false\n", "page.md:3: it ended with 1"),
        ("    true && false\n", "page.md:1: it ended with 1"),
        ("```sh\nfalse\necho after\n```\n", "page.md:1: it ended with 1"),
        ("```sh fails\ntrue\n```\n", "page.md:1: it ended with 0"),
        ("    echo one two\n\n```text\none…three\n```\n", "page.md:3: it did not print"),
        ("    echo b; echo a\n\n```text\na\nb\n```\n", "page.md:3: it did not print"),
        ('```python\nraise SystemExit("no")\n```\n', "page.md:1: it ended with 1"),
        ('```json\n{"a": }\n```\n', "page.md:1: Expecting value"),
        ("```yaml\na: [\n```\n", "page.md:1: "),
        ("```ini\nAGENT_NAMEE=poet\n```\n", "page.md:1: AGENT_NAMEE is no setting"),
        ("```\npais run\n```\n", "page.md:1: this fence does not say what is in it"),
        ("```elixir\n1\n```\n", "page.md:1: nobody knows what to do with a block of kind elixir"),
        ("    curl http://127.0.0.1:8000/nowhere\n", "page.md:1: it ended with 22"),
        ("```python\n# test_it.py\ndef test_it():\n    assert False\n```\n", "page.md:1: it ended with 1"),
    ],
)
def test_what_does_not_happen_is_told_with_its_line(reader: Reader, tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        reader.read(page(tmp_path, text))


def test_a_terminal_remembers_its_variables_and_its_folder(reader: Reader, tmp_path: Path) -> None:
    commands = "    mkdir inner && cd inner\n    export GREETING=hi\n\nThen\n\n    echo $GREETING in ${PWD##*/}\n"
    text = f"{commands}\n```text\nhi in inner\n```\n"
    reader.read(page(tmp_path, text))


def test_what_serves_is_asked_at_the_port_that_the_page_names(reader: Reader, tmp_path: Path) -> None:
    start = "    AGENT_NAME={0} pais-host --port {1} --mock x\n\nand\n\n"
    ask = '    curl http://127.0.0.1:{1}/health\n\n```text\n…"name":"{0}"…\n```\n\n'
    both = [("first", 8000), ("second", 8001)]
    log = "```text log\n… AgentServer starting: name=second …\n```\n"
    reader.read(page(tmp_path, "".join(text.format(*agent) for text in (start, ask) for agent in both) + log))


def test_a_reason_stands_for_the_next_block_or_for_all_commands_of_a_page() -> None:
    one, other = blocks_of("<!-- not run: it takes a cluster -->\n\n    false\n\nand\n\n    true\n")
    assert (one.reason, other.reason) == ("it takes a cluster", "")

    all_of_it = blocks_of("<!-- not run on this page: hours -->\n\n    false\n\nand\n\n    false\n\n```json\n{}\n```\n")
    assert [block.reason for block in all_of_it] == ["hours", "hours", ""]


def test_commands_are_taken_apart_where_one_of_them_serves() -> None:
    first, second = steps_of("A=1 B='x y' pais run \\\n  --port 8001\ncurl one\ncurl two\n")

    assert (first.server, first.port) == ("A=1 B='x y' exec pais run --port 0 \\\n  ", "8001")
    assert (second.script, second.server) == ("curl one\ncurl two", "")
