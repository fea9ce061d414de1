"""The chat page as its visitor sees it, in a real Chromium."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from until import eventually

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
DRIVER = "/usr/bin/chromedriver"
WIDE = (1280, 860)
PHONE = (390, 844)


@contextmanager
def chromium(downloads: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            allowed = {"behavior": "allow", "downloadPath": str(downloads)}
            browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
            yield browser
        finally:
            browser.quit()


class Page:
    """One visit after another in one browser. `faults` is what the console has said since it was asked last."""

    def __init__(self, browser: webdriver.Chrome, downloads: Path) -> None:
        self.browser = browser
        self.downloads = downloads

    def visit(self, url: str, *, size: tuple[int, int] = WIDE, colours: str = "light", path: str = "/ui") -> None:
        """As somebody who has never been there."""
        self.browser.get("{0.scheme}://{0.netloc}/health".format(urlsplit(url)))
        self.script("sessionStorage.clear(); localStorage.clear();")
        self.browser.get("about:blank")
        self.faults()
        self.requested()
        self.browser.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.looks(size=size, colours=colours)
        self.browser.get(url + path)
        self.until(lambda: self.script("return document.title") != "Agent", "the page knows the agent's name")

    def looks(self, *, size: tuple[int, int] = WIDE, colours: str = "light", motion: str = "no-preference") -> None:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [
            {"name": "prefers-color-scheme", "value": colours},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    # ------------------------------------------------------------------------------------------------- what is there

    def script(self, code: str, *arguments: Any) -> Any:
        return self.browser.execute_script(code, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def shows(self, selector: str) -> bool:
        try:
            return self.find(selector).is_displayed()
        except (NoSuchElementException, StaleElementReferenceException):
            return False

    def text(self, selector: str) -> str:
        """Of all such elements, also where it is scrolled out of sight or for listeners only."""
        joined = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent).join('\\n')"
        return str(self.script(joined, selector))

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        return eventually(holds, what)

    @property
    def answer(self) -> str:
        return self.text(".turn:last-child .text")

    @property
    def focused(self) -> str:
        return str(self.script("return document.activeElement.id || document.activeElement.tagName"))

    def style(self, selector: str, name: str) -> str:
        computed = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        return str(self.script(computed, selector, name))

    # -------------------------------------------------------------------------------------------------- what is done

    def type(self, *keys: str) -> None:
        """Wherever the focus is, as from a keyboard."""
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def type_with_shift(self, key: str) -> None:
        webdriver.ActionChains(self.browser).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def focus_the_beginning(self) -> None:
        """Where the tabulator starts in a page that has just been loaded."""
        self.script("const at = document.body; at.tabIndex = -1; at.focus(); at.removeAttribute('tabindex');")

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def type_key(self, key: str) -> None:
        """Into the dialog that asks for one."""
        self.until(lambda: self.shows("#key-dialog") and self.focused == "key-input", "a key is asked for")
        self.type(key, Keys.ENTER)
        self.until(lambda: not self.shows("#key-dialog") or self.text("#key-fault"), "the key is taken")

    def ask(self, question: str) -> None:
        """Sends it, and waits for nothing."""
        self.find("#prompt").send_keys(question, Keys.ENTER)

    def ask_and_wait(self, question: str) -> str:
        self.ask(question)
        self.wait_for_the_end()
        return self.answer

    def wait_for_the_end(self) -> None:
        """The newest answer is complete, and what the memory has of it is shown."""
        self.until(lambda: self.shows("#send") and self.shows(".turn:last-child .timeline"), "the answer is complete")

    # --------------------------------------------------------------------------------------------- what it has done

    def faults(self) -> list[str]:
        """What the console has said since this was asked last."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def requested(self) -> list[str]:
        """The addresses of all requests since this was asked last."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
