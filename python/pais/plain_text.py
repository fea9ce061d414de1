"""Text from models and servers, made fit for a terminal.

A terminal obeys what it is sent: it would retitle its window, fill the clipboard or hide what was typed. What could
command it is left out, and what is left is text.
"""

from __future__ import annotations

KEPT = frozenset("\n\t")
# They turn the direction of what follows, so that a line reads as something it is not.
TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """Without control characters but line ends and tabs; what is no Unicode is shown as `?`."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(letter for letter in text if is_harmless(letter))
    return shown.encode("utf-8", "replace").decode("utf-8")


def is_harmless(letter: str) -> bool:
    is_control = letter < " " or "\x7f" <= letter <= "\x9f"
    return letter in KEPT or not (is_control or letter in TURNING)


def one_line(text: str) -> str:
    """The same, its line ends and tabs as blanks."""
    return " ".join(plain(text).split())


def shortened(text: str, most: int) -> str:
    """One line of at most so many letters."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: max(most - 1, 0)]}…"
