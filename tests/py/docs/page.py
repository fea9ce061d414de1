"""A page of the documentation, as the list of what it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt

NOT_RUN = re.compile(r"<!--\s*not run( on this page)?:\s*(.+?)\s*-->", re.DOTALL)
COMMANDS = "sh"


@dataclass(frozen=True)
class Block:
    """What stands between fences, or is indented, which makes it commands for a shell.

    `words` is what follows the kind behind the fence; `reason` says why the block is not to be run.
    """

    line: int
    kind: str
    words: tuple[str, ...]
    text: str
    reason: str


def blocks_of(page: str) -> list[Block]:
    """In the order of the page.

    `<!-- not run: why -->` stands for the block that follows it, `<!-- not run on this page: why -->` for all commands
    from there on.
    """
    found: list[Block] = []
    of_next = of_rest = ""
    for token in MarkdownIt("commonmark").parse(page):
        if token.type == "html_block" and (said := NOT_RUN.search(token.content)):
            of_rest, of_next = (said[2], "") if said[1] else (of_rest, said[2])
        elif token.type in ("fence", "code_block"):
            words = token.info.split() if token.type == "fence" else [COMMANDS]
            kind = COMMANDS if words[:1] == ["bash"] else "".join(words[:1])
            assert token.map is not None
            line = token.map[0] + 1
            reason = of_next or (of_rest if kind == COMMANDS else "")
            found.append(Block(line, kind, tuple(words[1:]), token.content, reason))
            of_next = ""
        elif token.type not in ("list_item_open", "list_item_close"):
            of_next = of_next if token.type == "html_block" else ""
    return found
