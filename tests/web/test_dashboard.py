"""The dashboard as a reader meets it: lines and what is known of them. Real Chromium, the built files, a fake API."""

from __future__ import annotations

import re
import time

import pytest

pytest.importorskip("playwright.sync_api", reason="`pip install playwright` for the browser tests")

from playwright.sync_api import Page, expect

from kit.browser import ROW, last_query, opened, params, row, until
from kit.fake_api import FakeApi, serving


def test_lines_are_shown_with_who_where_and_what(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    expect(page.locator(ROW)).to_have_count(len(api.lines))
    truncate = row(page, "TRUNCATE orders CASCADE")
    expect(truncate.locator(".who")).to_have_text("shop_rw")
    expect(truncate.locator(".where")).to_have_text("10.20.0.14 › shop")
    expect(truncate.locator(".what")).to_have_text("TRUNCATE orders")
    expect(truncate.locator(".level")).to_contain_text("W")
    expect(row(page, "Accepted publickey").locator(".who.person")).to_have_text("noa")
    assert api.requests("/query_range")[0].headers["x-loki-response-encoding-flags"] == "categorize-labels"


def test_any_base_path_will_do(page: Page, api: FakeApi) -> None:
    with serving(api, base="/deep/below/logs") as url:
        opened(page, url, api)
        expect(page.locator(ROW)).to_have_count(len(api.lines))
        assert {asked.path.startswith("/deep/below/logs/") for asked in api.asked} == {True}
        page.goto("about:blank")


def test_markup_in_lines_stays_text(page: Page, url: str, api: FakeApi) -> None:
    api.findings[0]["statement"] = "DROP TABLE \"<img src=x onerror='window.pwned=3'>\""
    opened(page, url, api)
    hostile = row(page, "order note")
    expect(hostile).to_contain_text("<script>window.pwned = 1</script>")
    expect(hostile.locator(".who")).to_have_text("<b>mallory</b>")
    hostile.locator(".text").click()
    expect(page.locator(".detail pre")).to_contain_text('<img src=x onerror="window.pwned = 2">')
    page.get_by_role("link", name="Findings").click()
    expect(page.locator("article pre").nth(1)).to_contain_text("onerror")
    assert page.evaluate("window.pwned") is None
    assert page.locator("#app script, #app [onerror], .row b b").count() == 0


def test_characters_that_reorder_text_are_shown(page: Page, url: str, api: FakeApi) -> None:
    api.lines[0]["line"] = "user=\u202enimda\u202c logged in"
    opened(page, url, api)
    expect(row(page, "logged in")).to_contain_text("⟨U+202E⟩nimda⟨U+202C⟩")


def test_a_row_opens_with_all_it_knows_and_narrows_the_query(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    row(page, "TRUNCATE orders CASCADE").locator(".text").click()
    detail = page.locator(".detail")
    expect(detail).to_contain_text("s-8841")
    expect(detail).to_contain_text("service_name")
    detail.get_by_role("button", name="Filter for session = s-8841").click()
    expect(page.get_by_role("textbox", name="Search lines")).to_have_value('{job=~".+"} | session="s-8841"')
    until(lambda: last_query(api) == '{job=~".+"} | session="s-8841"')
    row(page, "Ban 198.51.100.77").locator(".text").click()
    page.locator(".detail").get_by_role("button", name="Exclude job = fail2ban").click()
    until(lambda: last_query(api) == '{job=~".+", job!="fail2ban"} | session="s-8841"')
    assert params(page)["q"] == ['{job=~".+", job!="fail2ban"} | session="s-8841"']


def test_a_line_can_be_copied_untouched(page: Page, url: str, api: FakeApi) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, url, api)
    row(page, "Traceback").locator(".text").click()
    page.get_by_role("button", name="Copy line").click()
    expect(page.get_by_text("Copied")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == next(
        line["line"] for line in api.lines if "Traceback" in line["line"]
    )


def test_twenty_thousand_lines_are_few_nodes(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    for _ in range(4):
        api.push_lines(4997)
    expect(page.locator(".count")).to_have_text("20,000 lines")
    expect(row(page, "line 4996")).to_be_visible()
    assert page.locator("[role=row]").count() < 200
    page.locator(".scroller").evaluate("el => el.scrollTop = 0")
    expect(page.locator(ROW).first).to_have_attribute("aria-rowindex", "2")
    assert page.locator("[role=row]").count() < 200
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "20001")


def test_older_lines_can_be_loaded_without_a_gap(page: Page, url: str, api: FakeApi) -> None:
    now_ns = time.time_ns()
    api.lines = [
        {"stream": {"job": "old"}, "ns": str(now_ns - (2500 - i // 3) * 10**9), "line": f"old {i}", "metadata": {}}
        for i in range(2500)
    ]
    opened(page, url, api)
    expect(page.locator(".count")).to_have_text("1,000 lines")
    page.get_by_role("button", name="Load older").click()
    expect(page.locator(".count")).to_have_text(re.compile("^1,99[789] lines|^2,000 lines"))
    page.get_by_role("button", name="Load older").click()
    expect(page.get_by_role("button", name="Load older")).to_have_count(0)
    page.locator(".scroller").evaluate("el => el.scrollTop = 0")
    expect(page.locator(".row .text").first).to_contain_text("old 0")
    expect(page.locator(".count")).to_have_text("2,500 lines")
