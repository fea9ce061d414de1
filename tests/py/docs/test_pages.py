"""What README.md and the pages of docs/ show is what happens, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.reader import ROOT, Reader, settings

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINKED = sorted([*PAGES, *(ROOT / "docs" / "decisions").glob("*.md"), *(ROOT / "examples").rglob("README.md")])
READ_ELSEWHERE = {"testing.md"}  # test_testing_plugin.py reads it, and counts its tests
VARIABLE = re.compile(r"\b(?:AGENT|AGENTIC|MCP|MEMORY|MODEL|OTEL|PAIS|PEER|TOOL)_[A-Z_]*[A-Z]\b")
LINK = re.compile(r"\]\((?!https?:)([^)\s]*)\)")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in READ_ELSEWHERE], ids=lambda page: page.stem
)
def test_the_page_can_be_followed(page: Path, reader: Reader) -> None:
    reader.read(page)


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not leads_somewhere(page, link)]
    assert lost == []


def leads_somewhere(page: Path, link: str) -> bool:
    place, _, heading = link.partition("#")
    target = page.parent / place if place else page
    return target.exists() and (not heading or heading in headings(target))


def headings(page: Path) -> set[str]:
    """As they are spelt in links."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_readme_names_every_page() -> None:
    named = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} - {*named} == set()


def test_every_variable_that_a_page_names_exists() -> None:
    """As a setting, or in what builds, installs and runs PAIS."""
    places = ["docs/configuration.md", "cmake/**/*.cmake", "scripts/*", "python/pais/**/*.py"]
    sources = [file for place in places for file in ROOT.glob(place) if file.is_file()]
    known = {name for file in sources for name in VARIABLE.findall(file.read_text(encoding="utf-8"))}
    setting = settings()

    for page in LINKED:
        named = {*VARIABLE.findall(page.read_text(encoding="utf-8"))}
        assert [name for name in named - known if not setting.fullmatch(name)] == [], page.relative_to(ROOT)
