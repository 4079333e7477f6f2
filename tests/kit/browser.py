"""A page of the dashboard in Debian's Chromium, watched for script errors and refused loads. Used by tests/web."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

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
