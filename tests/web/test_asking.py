"""Query box, filters and the address bar in the browser."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="`pip install playwright` for the browser tests")

from playwright.sync_api import Page, expect

from kit.browser import ROW, last_query, opened, params, until
from kit.fake_api import FakeApi


def test_words_become_a_line_filter(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    box = page.get_by_role("textbox", name="Search lines")
    box.fill("TRUNCATE orders")
    box.press("Enter")
    until(lambda: last_query(api) == '{job=~".+"} |= "TRUNCATE orders"')
    assert params(page) == {"q": ["TRUNCATE orders"]}
    expect(page.locator("mark").first).to_have_text("TRUNCATE orders")
    until(lambda: api.requests("/tail")[-1].params["query"] == '{job=~".+"} |= "TRUNCATE orders"')


def test_what_the_server_has_against_a_query_is_shown_as_it_is(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    api.query_error = 'parse error at line 1, col 14: syntax error: unexpected |, expecting "=" <b>x</b>\n'
    box = page.get_by_role("textbox", name="Search lines")
    box.fill('{job="app" | json')
    box.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(api.query_error.strip())
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.locator(ROW)).to_have_count(0)
    api.query_error = ""
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(ROW)).to_have_count(len(api.lines))


def test_filters_change_the_address_and_the_request(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    page.get_by_label("Job").select_option("database")
    until(lambda: last_query(api) == '{job="database"}')
    page.get_by_role("button", name="Error", exact=True).click()
    until(lambda: last_query(api) == '{job="database"} | detected_level=~"error|critical|fatal"')
    page.get_by_label("Host").select_option("db1")
    until(lambda: last_query(api).startswith('{job="database", host="db1"}'))
    page.locator("label", has_text="24h").click()
    until(lambda: "range" in params(page))
    assert params(page) == {"job": ["database"], "level": ["error"], "host": ["db1"], "range": ["24h"]}

    def asked_a_day() -> bool:
        asked = api.requests("/query_range")[-1].params
        return abs(int(asked["end"]) - int(asked["start"]) - 86_400 * 10**9) < 10**9

    until(asked_a_day)
    until(lambda: api.requests("/findings")[-1].params["since"] == "24h")
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Host")).to_have_value("")
    until(lambda: last_query(api) == '{job="database"} | detected_level=~"error|critical|fatal"')


def test_an_address_brings_its_state_with_it(page: Page, url: str, api: FakeApi) -> None:
    page.goto(url + "?q=hello&job=app&level=warn,info&tz=utc&from=2026-01-02T03:00:00.000Z&to=2026-01-02T04:00:00.000Z")
    expect(page.locator(".state")).to_have_text("Fixed time, not live")
    expect(page.get_by_label("Job")).to_have_value("app")
    expect(page.get_by_role("button", name="Info")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("From")).to_have_value("2026-01-02T03:00")
    asked = api.requests("/query_range")[-1].params
    assert asked["query"] == '{job="app"} | detected_level=~"warn|warning|info" |= "hello"'
    assert asked["start"] == "1767322800000000000"
    assert api.requests("/tail") == []
    expect(page.get_by_text("No lines in the chosen time.")).to_be_visible()


def test_a_chosen_time_is_asked_for(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    page.locator("label", has_text="Custom").click()
    page.get_by_label("From").fill("2026-01-02T03:00:00")
    page.get_by_label("To", exact=True).fill("2026-01-02T02:00:00")
    expect(page.get_by_role("button", name="From is after to")).to_be_disabled()
    page.get_by_label("To", exact=True).fill("2026-01-02T04:30:00")
    page.get_by_role("button", name="Show").click()
    until(lambda: params(page).get("to") == ["2026-01-02T04:30:00.000Z"])
    until(lambda: api.requests("/query_range")[-1].params["start"] == "1767322800000000000")
