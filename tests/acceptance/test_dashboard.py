"""The built dashboard on the real server in a real browser: what is written to a log file stands on the page."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="`pip install playwright` for the browser tests")

from playwright.sync_api import Page, expect, sync_playwright

from kit.browser import CHROMIUM, ROW, launch, watched
from kit.processes import PREFIX, Installation, wait_until
from whodid.api.app import STATIC

KEY = "SHA256:acceptanceAcceptanceAcceptanceAcceptance012"
PATIENCE_MS = 20_000


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: `apt-get install chromium`")
    assert (STATIC / "index.html").is_file(), "the dashboard has not been built: run `make web`"
    # Not for the whole session: while Playwright runs in this thread, no asyncio test could.
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="UTC", locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        with watched(context) as page:
            yield page
            page.goto("about:blank")  # closes the tail, which the server need not wait for then
        context.close()
        browser.close()


class Logs:
    """Two log files, written to as the daemons do."""

    def __init__(self, directory: Path) -> None:
        self._database, self._auth = directory / "postgresql.log", directory / "auth.log"
        self.sources = [
            {"job": "database", "format": "postgres", "paths": [str(self._database)], "line_prefix": PREFIX},
            {"job": "auth", "format": "auth", "paths": [str(self._auth)]},
        ]
        self._lines = 0

    def statement(self, sql: str) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        with self._database.open("a") as file:
            for message in (f"statement: {sql}", "duration: 0.321 ms"):
                self._lines += 1
                head = f"{stamp} [4711]: [{self._lines}-1] user=shop_admin,db=shop,app=psql,client=10.20.0.77"
                file.write(f"{head} LOG:  {message}\n")

    def login(self) -> None:
        stamp = datetime.now(UTC).isoformat()
        with self._auth.open("a") as file:
            file.write(
                f"{stamp} shop sshd[99]: Accepted publickey for deploy from 10.20.0.77 port 4022 ssh2: ED25519 {KEY}\n"
            )


def test_a_truncate_appears_live_and_as_a_finding(
    install: Callable[..., Installation], page: Page, tmp_path: Path
) -> None:
    logs = Logs(tmp_path)
    people = {"noa": {"name": "Noa Adler", "ssh_keys": [KEY]}}
    whodid = install(agent={"sources": logs.sources}, people=people)
    whodid.start("server")
    whodid.start("agent")
    page.goto(f"{whodid.pages_url}/")
    page.wait_for_url("**/logs/")
    expect(page.locator(".state")).to_contain_text("Live", timeout=PATIENCE_MS)

    logs.login()
    expect(page.locator(ROW, has_text="Accepted publickey")).to_be_visible(timeout=PATIENCE_MS)
    logs.statement('SELECT count(*) FROM "User";')
    logs.statement('TRUNCATE "User" CASCADE;')
    truncate = page.locator(ROW, has_text="statement: TRUNCATE").first
    expect(truncate).to_be_visible(timeout=PATIENCE_MS)  # live: nobody has touched the page
    expect(truncate.locator(".who")).to_have_text("shop_admin")
    expect(truncate.locator(".what")).to_have_text("TRUNCATE User")

    wait_until(lambda: len(whodid.findings()) == 1, "the finding")
    page.reload()
    banner = page.get_by_label("Findings", exact=True).first
    expect(banner).to_contain_text("1 finding", timeout=PATIENCE_MS)
    expect(banner).to_contain_text("Noa Adler emptied User")
    expect(banner).to_contain_text("Took effect")
    expect(page.locator(ROW, has_text="SELECT count(*)").first).to_be_visible()  # history, after the reload
    page.screenshot(path=tmp_path / "dashboard.png")
    assert (tmp_path / "dashboard.png").stat().st_size > 10_000
