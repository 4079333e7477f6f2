"""The dashboard as a reader meets it: real Chromium, the built files, a fake API behind them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("playwright.sync_api", reason="`pip install playwright` for the browser tests")

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from kit.browser import CHROMIUM, axe_violations, launch, watched
from kit.fake_api import FakeApi, serving

ROW = ".row"


@pytest.fixture(scope="session")
def browser(built: Path) -> Iterator[Browser]:
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
    # After `url`: the page closes before its server does, which need not wait for open tails then.
    context = browser.new_context(viewport={"width": 1280, "height": 760}, timezone_id="UTC", locale="en-GB")
    context.set_default_timeout(8000)
    with watched(context) as opened:
        yield opened
    context.close()


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


# -- lines -------------------------------------------------------------------------------------------


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


def test_any_base_path_will_do(browser: Browser, page: Page, api: FakeApi) -> None:
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


# -- the tail ----------------------------------------------------------------------------------------


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


# -- asking ------------------------------------------------------------------------------------------


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


# -- findings and alerts -----------------------------------------------------------------------------


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


# -- for everybody -----------------------------------------------------------------------------------


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
