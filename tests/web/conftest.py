"""The build script as a module, the dashboard it builds, a browser, and a page on a fake API.

playwright is imported inside the fixtures: the tests of the build need none.
"""

from __future__ import annotations

import fcntl
import importlib.util
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from kit.fake_api import FakeApi, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def hatch_build() -> ModuleType:
    """The build script at the root, loaded as hatchling loads it."""
    spec = importlib.util.spec_from_file_location("hatch_build_under_test", ROOT / "hatch_build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def built(hatch_build: ModuleType) -> Path:
    """The static files, built anew when the sources changed; workers of one run take turns."""
    with (Path(tempfile.gettempdir()) / "whodid-dashboard-build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert hatch_build.main() == 0, "the dashboard did not build; the reason stands above"
    return ROOT / hatch_build.STATIC


# Not for the session: while Playwright's own loop runs in this thread, no asyncio test of another folder could.
@pytest.fixture(scope="module")
def browser(built: Path) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    from kit.browser import CHROMIUM, launch

    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: `apt-get install chromium`")
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def api() -> FakeApi:
    return FakeApi.canned()


@pytest.fixture
def url(api: FakeApi) -> Iterator[str]:
    with serving(api) as address:
        yield address


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A watched page; after `url`, so that it closes before its server, which then has no open tails to wait for."""
    from kit.browser import watched

    context = browser.new_context(viewport={"width": 1280, "height": 760}, timezone_id="UTC", locale="en-GB")
    context.set_default_timeout(8000)
    with watched(context) as opened:
        yield opened
    context.close()
