"""Keyboard, contrast and roles (axe-core), themes, a phone's width."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="`pip install playwright` for the browser tests")

from playwright.sync_api import Page, expect

from kit.browser import axe_violations, opened, row
from kit.fake_api import FakeApi


def test_the_keyboard_is_enough(page: Page, url: str, api: FakeApi) -> None:
    opened(page, url, api)
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("k")
    expect(page.get_by_test_id("pause-pill")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".detail")).to_contain_text("window.pwned")
    page.keyboard.press("Escape")
    expect(page.locator(".detail")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.get_by_test_id("pause-pill")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_role("textbox", name="Search lines")).to_be_focused()
    page.keyboard.type("a b")
    expect(page.get_by_test_id("pause-pill")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, url: str, api: FakeApi, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened(page, url, api)
    expect(page.get_by_role("region", name="Findings")).to_be_visible()
    assert axe_violations(page) == []
    row(page, "TRUNCATE orders CASCADE").locator(".text").click()
    page.locator("label", has_text="Custom").click()
    page.get_by_role("button", name="1 alert firing").click()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Findings").click()
    expect(page.locator("article")).to_have_count(3)
    assert axe_violations(page) == []
    api.query_error = "parse error"
    page.get_by_role("link", name="Logs").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert axe_violations(page) == []


def test_the_theme_can_be_chosen_and_is_kept(page: Page, url: str, api: FakeApi) -> None:
    page.emulate_media(color_scheme="light")
    opened(page, url, api)
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Colours: as the system").click()
    page.get_by_role("button", name="Colours: light").click()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    assert page.evaluate(background) == dark


@pytest.mark.parametrize("view", ["", "#findings"])
def test_a_phone_needs_no_sideways_scrolling(page: Page, url: str, api: FakeApi, view: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(url + view)
    expect(page.get_by_text("Noa Barak").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if not view:
        page.get_by_role("button", name="Filters").click()
        page.get_by_label("Job").select_option("database")
        expect(page.get_by_role("button", name="Filters · 1")).to_be_visible()
        row(page, "TRUNCATE orders CASCADE").locator(".text").click()
        expect(page.locator(".detail")).to_contain_text("s-8841")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
