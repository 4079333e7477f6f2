"""A page of the dashboard in Debian's Chromium, watched for script errors and refused loads. Used by tests/web."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, expect

from kit.fake_api import FakeApi

ROW = ".row"

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
EXPECTED = re.compile(r"status of 400|WebSocket connection to .* failed")
"""What Chromium itself writes to the console when a test makes the server refuse."""


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)


@contextlib.contextmanager
def watched(context: BrowserContext) -> Iterator[Page]:
    """A page that must not have thrown or been refused anything by the time the block ends."""
    troubles: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            troubles.append(f"{message.type}: {message.text}")

    page = context.new_page()
    page.on("console", heard)
    page.on("pageerror", lambda error: troubles.append(f"thrown: {error}"))
    yield page
    assert troubles == []


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is now: rule, element, reason."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {' '.join(node['target'])}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def row(page: Page, text: str) -> Locator:
    return page.locator(ROW, has_text=text).first


def opened(page: Page, url: str, api: FakeApi) -> None:
    """The page with its first lines shown and its tail open."""
    page.goto(url)
    expect(page.locator(".state")).to_contain_text("Live")
    until(lambda: api.tails == 1)


def until(holds: Callable[[], bool], within_s: float = 8.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def params(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def last_query(api: FakeApi) -> str:
    return api.requests("/query_range")[-1].params["query"]
