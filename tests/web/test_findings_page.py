"""Findings and alerts in the browser."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="`pip install playwright` for the browser tests")

from playwright.sync_api import Page, expect

from kit.browser import opened, params, row, until
from kit.fake_api import FakeApi


def test_findings_are_announced_on_the_first_page(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    banner = page.get_by_role("region", name="Findings")
    expect(banner).to_contain_text("3 findings in the last hour.")
    expect(banner).to_contain_text("Almost certainly Noa Barak emptied orders, 16 min ago.")
    banner.get_by_role("button", name="See all").click()
    expect(page.locator("article")).to_have_count(3)
    assert page.url.endswith("#findings")


def test_findings_tell_what_by_whom_and_why(page: Page, url: str, api: FakeApi) -> None:
    page.goto(url + "#findings")
    worst, failed, suspect = (page.locator("article").nth(i) for i in range(3))
    expect(worst).to_contain_text("Almost certainly Noa Barak emptied orders in shop as shop_rw from 10.20.0.14")
    expect(worst).to_contain_text("Took effect")
    expect(worst).to_contain_text("Strong evidence")
    expect(worst.locator("code")).to_contain_text("Accepted publickey for deploy")
    expect(failed).to_contain_text("Almost certainly Tomer Adler tried to drop table invoices")
    expect(suspect).to_contain_text("Either Noa Barak or Tomer Adler deleted rows of sessions")
    expect(suspect).to_contain_text("Suspect line")
    expect(suspect).to_contain_text("may have been forged: the line repeats another session's number")
    expect(suspect).to_contain_text("It may have been Tomer Adler")
    expect(suspect).to_contain_text("The address is listed for several people")
    page.get_by_role("button", name="Newest first").click()
    expect(page.locator("article").first).to_contain_text("Tomer Adler")
    assert params(page) == {"sort": ["newest"]}


def test_findings_can_be_searched_and_lead_to_their_lines(page: Page, url: str, api: FakeApi) -> None:
    page.goto(url + "#findings")
    page.get_by_role("searchbox").fill("orders")
    page.get_by_role("searchbox").press("Enter")
    until(lambda: api.requests("/findings")[-1].params.get("word") == "orders")
    page.locator("article").first.get_by_role("button", name="Lines around it").click()
    expect(row(page, "TRUNCATE orders CASCADE")).to_be_visible()
    expect(page.locator(".state")).to_have_text("Fixed time, not live")


def test_no_findings_no_banner(page: Page, url: str, api: FakeApi) -> None:
    api.findings = []
    opened(page, url, api)
    expect(page.get_by_role("region", name="Findings")).to_have_count(0)
    page.get_by_role("link", name="Findings").click()
    expect(page.get_by_text("Nobody dropped, emptied or mass-deleted anything")).to_be_visible()


def test_firing_alerts_are_counted_and_listed(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    page.get_by_role("button", name="1 alert firing").click()
    expect(page.locator("#alerts")).to_contain_text("TRUNCATE orders in shop")
    expect(page.locator("#alerts")).to_contain_text("Pending")
