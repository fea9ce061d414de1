"""The drawing in docs/architecture.md, held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CPP = ROOT / "cpp"

# Who stands directly on whom. A part may use whatever it reaches along these arrows; parts that do not reach each
# other do not know each other.
ARROWS: dict[str, set[str]] = {
    "base": set(),
    "events": {"base"},
    "http": {"base"},
    "telemetry": {"events", "http"},
    "a2a": {"telemetry"},
    "model": {"telemetry"},
    "tools": {"a2a"},
    "memory": {"telemetry"},
    "agent": {"model", "tools"},
    "server": {"agent", "memory"},
    "host": {"server"},
    "bindings": {"server"},
}

# Parts with a folder within another's, which stand where that stands.
WITHIN = {"mcp": "tools", "delegation": "tools"}

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
USES = re.compile(r"^\s*USES\s+([^)]*?)(?=\s+[A-Z_]{4,}\b|\))", re.MULTILINE)

SOURCES = sorted(path for path in CPP.rglob("*") if path.suffix in {".h", ".cpp"})
PARTS = sorted(path.name for path in CPP.iterdir() if path.is_dir())


def reachable(part: str) -> set[str]:
    below = set(ARROWS[part])
    for next_part in ARROWS[part]:
        below |= reachable(next_part)
    return below


def includes(path: Path) -> list[str]:
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def part_of(path: Path) -> str:
    return path.relative_to(CPP).parts[0]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_folder_is_a_part_of_the_drawing() -> None:
    assert set(PARTS) <= set(ARROWS)


def test_a_part_that_has_no_folder_is_said_to_be_missing() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    for part in ARROWS.keys() - set(PARTS):
        assert re.search(rf"^\| `{part}` .*\| not there yet \|$", page, re.MULTILINE), part


def test_the_arrows_have_no_circle() -> None:
    for part in ARROWS:
        assert part not in reachable(part)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_includes_only_what_lies_below_it(part: str) -> None:
    allowed = reachable(part) | {part}

    against_the_arrows = [
        f'{name_of(path)} includes "{header}"'
        for path in SOURCES
        if part_of(path) == part
        for header in includes(path)
        if "/" in header and header.split("/")[0] in ARROWS.keys() - allowed
    ]

    assert against_the_arrows == []


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_linked_only_along_the_arrows(part: str) -> None:
    build_file = CPP / part / "CMakeLists.txt"
    text = build_file.read_text(encoding="utf-8") if build_file.exists() else ""

    linked = {WITHIN.get(used, used) for group in USES.findall(text) for used in group.split()}

    assert linked <= reachable(part)


def test_includes_of_our_own_start_at_the_top_of_cpp() -> None:
    """`#include "framing.h"` from a neighbour would escape the arrows."""
    ours = {str(path.relative_to(CPP)) for path in SOURCES}
    bare_names = {path.name for path in SOURCES}

    relative = [
        f'{name_of(path)} includes "{header}"'
        for path in SOURCES
        for header in includes(path)
        if header not in ours and (header in bare_names or header.startswith("."))
    ]

    assert relative == []


def test_a_source_includes_its_own_header_first() -> None:
    """So whoever compiles it sees that the header compiles alone."""
    headers = {str(path.relative_to(CPP)) for path in SOURCES if path.suffix == ".h"}
    sources = {path: str(path.relative_to(CPP).with_suffix(".h")) for path in SOURCES if path.suffix == ".cpp"}

    after_others = [name_of(path) for path, own in sources.items() if own in headers and includes(path)[0] != own]

    assert after_others == []


def test_httplib_stays_in_the_http_part() -> None:
    users = [path for path in SOURCES if "httplib.h" in includes(path)]

    for path in users:
        assert part_of(path) == "http", name_of(path)
        assert path.suffix == ".cpp" or "httplib" in path.stem, name_of(path)


def test_no_header_pulls_in_all_of_json() -> None:
    heavy = {"nlohmann/json.hpp", "json.hpp"}

    assert [name_of(path) for path in SOURCES if path.suffix == ".h" and heavy & set(includes(path))] == []


def test_only_the_bindings_have_heard_of_python() -> None:
    def speaks_python(header: str) -> bool:
        return header == "Python.h" or header.startswith("pybind11/")

    knowing = {part_of(path) for path in SOURCES if any(map(speaks_python, includes(path)))}

    assert knowing <= {"bindings"}


def test_the_architecture_page_draws_every_part() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawings = "\n".join(re.findall(r"^```.*?\n(.*?)^```", page, re.DOTALL | re.MULTILINE))

    missing = [part for part in PARTS if not re.search(rf"\b{part}\b", drawings)]

    assert missing == []
