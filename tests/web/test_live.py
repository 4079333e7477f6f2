"""The live tail in the browser: pause, count, resume, a lost connection."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("playwright.sync_api", reason="`pip install playwright` for the browser tests")

from playwright.sync_api import Page, expect

from kit.browser import ROW, opened, row, until
from kit.fake_api import FakeApi


def test_new_lines_appear_at_the_end(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    api.push_lines(60, "fresh {i}")
    expect(row(page, "fresh 59")).to_be_in_viewport()


def test_frames_without_categories_are_understood(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    stream = {"job": "plain", "user": "mira", "operation": "DELETE", "table": "carts", "detected_level": "error"}
    api.push({"streams": [{"stream": stream, "values": [[str(time.time_ns()), "two members only"]]}]})
    expect(row(page, "two members only").locator(".who")).to_have_text("mira")
    expect(row(page, "two members only").locator(".what")).to_have_text("DELETE carts")


@pytest.mark.parametrize("key", ["Space", "End"])
def test_scrolling_up_pauses_loudly_and_counts(page: Page, url: str, api: FakeApi, key: str) -> None:
    opened(page, url, api)
    api.push_lines(200, "before {i}")
    expect(row(page, "before 199")).to_be_in_viewport()
    page.locator(".scroller").hover()
    page.mouse.wheel(0, -900)
    pill = page.get_by_test_id("pause-pill")
    expect(pill).to_contain_text("Paused · 0 new")
    api.push_lines(312, "after {i}")
    expect(pill).to_contain_text("Paused · 312 new")
    expect(pill).to_contain_text("/s")
    expect(page.locator(".count")).to_have_text("212 lines")
    page.keyboard.press(key)
    expect(pill).to_have_count(0)
    expect(row(page, "after 311")).to_be_in_viewport()
    expect(page.locator(".count")).to_have_text("524 lines")


def test_scrolling_back_to_the_end_resumes(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    api.push_lines(200, "before {i}")
    expect(row(page, "before 199")).to_be_in_viewport()
    page.locator(".scroller").hover()
    page.mouse.wheel(0, -600)
    expect(page.get_by_test_id("pause-pill")).to_be_visible()
    page.mouse.wheel(0, 5000)
    expect(page.get_by_test_id("pause-pill")).to_have_count(0)


def test_a_pause_by_key_holds_until_it_is_ended(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    page.keyboard.press("Space")
    api.push_lines(5)
    expect(page.get_by_test_id("pause-pill")).to_contain_text("5 new")
    page.get_by_test_id("pause-pill").click()
    expect(row(page, "line 4")).to_be_visible()


def test_a_lost_connection_is_taken_up_where_it_ended(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    api.push({"streams": [], "seq": "41"})
    api.push_lines(1, "one")
    api.push({"streams": [], "seq": "42"})
    expect(row(page, "one")).to_be_visible()
    api.hang_up()
    until(lambda: len(api.requests("/tail")) == 2 and api.tails == 1)
    assert api.requests("/tail")[1].params["resume"] == "42"
    expect(page.get_by_text("Connected again after")).to_be_visible()
    api.push_lines(1, "two")
    expect(row(page, "two")).to_be_visible()


def test_without_a_resume_token_repeated_lines_are_not_shown_twice(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    frame = {"streams": [{"stream": {"job": "x"}, "values": [[str(time.time_ns()), "only once"]]}]}
    api.push(frame)
    expect(row(page, "only once")).to_be_visible()
    api.hang_up()
    until(lambda: len(api.requests("/tail")) == 2 and api.tails == 1)
    api.push(frame)
    api.push_lines(1, "marker")
    expect(row(page, "marker")).to_be_visible()
    expect(page.locator(ROW, has_text="only once")).to_have_count(1)


def test_lines_left_out_by_the_server_are_told(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    api.push({"streams": [], "dropped_entries": [{"timestamp": "1", "labels": {}}] * 7})
    expect(page.get_by_text("The server left out 7 lines here")).to_be_visible()


def test_clearing_leaves_a_mark(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(ROW)).to_have_count(0)
    expect(page.get_by_text("Cleared here")).to_be_visible()
