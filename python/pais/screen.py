"""What the commands write: plain lines where nobody looks, colours and tables where somebody does."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from pais.plain_text import plain, shortened

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
NARROWEST = 50  # columns of a terminal that has room for those of a table


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colours(stream: TextIO) -> bool:
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if has_colours(stream or sys.stdout) else text


def take_any_text() -> None:
    """A terminal that cannot show a letter shows a `?`: an answer is not lost over it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def say(text: str = "", style: str = "") -> None:
    """A line; what it says of a server's or model's has been made plain here."""
    shown = plain(text)
    print(styled(shown, style) if style else shown, flush=True)


def console() -> Console:
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False, no_color=not has_colours(sys.stdout))


def show_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """As wide as the terminal at most; where that is too narrow, and for a file, one line a row and no head."""
    if not is_terminal(sys.stdout):
        for row in rows:
            print("\t".join(shortened(cell, 10_000) for cell in row))
        return
    shown = console()
    if shown.width < NARROWEST:
        for row in rows:
            print("  ".join(plain(cell) for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    head_style = "dim" if has_colours(sys.stdout) else ""
    table = Table(
        box=None, pad_edge=False, show_edge=False, show_header=any(heads), header_style=head_style, padding=(0, 2, 0, 0)
    )
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    shown.print(table)


def below(text: str, indent: int) -> str:
    """For a terminal: what is longer than its width goes on below itself, so far from the left."""
    if not is_terminal(sys.stdout):
        return text
    width = max(shutil.get_terminal_size().columns - indent, NARROWEST - indent)
    return f"\n{' ' * indent}".join(textwrap.wrap(text, width, break_on_hyphens=False) or [""])
