from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from selenium import webdriver

from ui.agents import Below, Declared
from ui.page import Page, chromium

KEY = "open-sesame"


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def browser(downloads: Path) -> Iterator[webdriver.Chrome]:
    with chromium(downloads) as browser:
        yield browser


class Cast:
    """`math` is asked by `calc`; `guarded` wants a key, and has one run at a time."""

    def __init__(self, folder: Path) -> None:
        self.math = Declared("math", folder)
        self.calc = Declared(
            "calc",
            folder,
            {"AGENT_SUB_AGENTS": f"math:{self.math.url}", "AGENT_DESCRIPTION": "Counts, and has others count."},
        )
        one_at_a_time = {"PAIS_MAX_RUNS": "1", "PAIS_QUEUE_SECONDS": "0"}
        keys = {"AGENT_AUTH_REQUIRED": "true", "AGENT_API_KEY": KEY}
        self.guarded = Declared("guarded", folder, {**keys, **one_at_a_time})


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with ExitStack() as stack:
        cast = Cast(tmp_path_factory.mktemp("agents"))
        for agent in (cast.math, cast.calc, cast.guarded):
            stack.callback(agent.stop)
        yield cast


@pytest.fixture
def calc(cast: Cast) -> Iterator[Declared]:
    yield cast.calc
    cast.calc.rest()


@pytest.fixture
def math(cast: Cast) -> Iterator[Declared]:
    yield cast.math
    cast.math.rest()


@pytest.fixture
def guarded(cast: Cast) -> Iterator[Declared]:
    yield cast.guarded
    cast.guarded.rest()


@pytest.fixture
def below(calc: Declared) -> Iterator[Below]:
    proxy = Below(calc.url)
    yield proxy
    proxy.stop()


@pytest.fixture
def any_page(browser: webdriver.Chrome, downloads: Path) -> Page:
    """Whose faults the test looks at itself."""
    return Page(browser, downloads)


@pytest.fixture
def page(any_page: Page, calc: Declared) -> Iterator[Page]:
    """That of `calc`. It must not have a fault, nor ask anybody but its agent for anything."""
    any_page.visit(calc.url)
    yield any_page
    assert any_page.faults() == []
    strangers = [url for url in any_page.requested() if not url.startswith((calc.url, "data:", "blob:"))]
    assert strangers == []
