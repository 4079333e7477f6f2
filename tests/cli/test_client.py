"""The HTTP client of the commands: what it makes of answers, addresses and times."""

from pathlib import Path

import pytest

from kit.api_house import open_house
from kit.processes import free_port
from kit.stepped_clock import SteppedClock
from kit.stub_server import stub_server
from whodid.cli.client import PERHAPS_THE_DASHBOARD, BadTime, Refused, get, get_text, read_time, refused, uses_proxy
from whodid.cli.output import Unreachable
from whodid.model.clock import SECOND

NOW = 1_767_225_600 * SECOND


def test_an_answer_is_read_as_it_is() -> None:
    with stub_server() as stub:
        stub.give("/x", {"a": ["שלום"]})
        assert get(stub.url + "/", "/x", {"word": ["a b", "&"], "n": "1"}) == {"a": ["שלום"]}
        assert stub.asked == [("/x", {"word": ["a b", "&"], "n": ["1"]})]


def test_what_is_no_json_is_no_whodid() -> None:
    with stub_server() as stub:
        stub.give("/x", "<html>")
        with pytest.raises(Refused, match=r"/x did not answer with JSON; is this a whodid server\?"):
            get(stub.url, "/x", {})


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refusal_carries_the_server_s_words(status: int) -> None:
    with stub_server() as stub:
        stub.give("/x", "parse error at line 1\n" + "x" * 5000, status)
        with pytest.raises(Refused) as caught:
            get_text(stub.url, "/x", {})
    assert str(caught.value).startswith(f"{stub.url} answered {status}: parse error at line 1\nxxx")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("said", ["Not Found", "404 page not found\n"])
def test_the_dashboards_address_is_told_from_the_apis(said: str) -> None:
    with stub_server() as stub:
        stub.give("/x", said, 404)
        with pytest.raises(Refused, match=r"answered 404: .*ound; is this the API's address \(port 3100\)"):
            get_text(stub.url, "/x", {})


async def test_what_the_dashboard_says_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path, monkeypatch) as house:
        answer = await house.page.get("/loki/api/v1/labels")
        assert str(refused("http://here", answer)).endswith(PERHAPS_THE_DASHBOARD)


def test_nobody_at_the_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=rf"^cannot reach the server at {url}: .*; is `whodid up` running there\?$"):
        get_text(url, "/x", {})


@pytest.mark.parametrize("server", ["here", "127.0.0.1:3100", "ftp://127.0.0.1", "http://[::1", "http://"])
def test_what_is_no_address(server: str) -> None:
    with pytest.raises(Refused, match="is no address"):
        get_text(server, "/x", {})


def test_a_proxy_of_the_environment_is_not_used_on_the_way_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with stub_server() as stub:
        stub.give("/x", "good")
        assert get_text(stub.url, "/x", {}) == "good"
    assert uses_proxy("http://logs.team.example:3100")
    assert not uses_proxy("http://[::1]:3100/x")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", NOW),
        ("1h30m", NOW - 5400 * SECOND),
        ("1700000000", 1_700_000_000 * SECOND),
        ("1970-01-01T00:00:01.5Z", SECOND * 3 // 2),
        ("1970-01-01T02:00:00+02:00", 0),
        ("2026-01-01 13:03:09 UTC", NOW + 46_989 * SECOND),
        ("2026-01-01T13:03:09", NOW + 46_989 * SECOND),
        ("2026-01-01T13:03:09.25", NOW + 46_989 * SECOND + SECOND // 4),
        ("2026-01-01 13:03", NOW + 46_980 * SECOND),
        ("2026-01-01 15:03+02:00", NOW + 46_980 * SECOND),
        ("2026-01-01", NOW),
        ("2026-01-01 UTC", NOW),
    ],
)
def test_times_on_the_command_line(text: str, ns: int) -> None:
    assert read_time(text, SteppedClock(NOW), "--since") == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1.5h",
        "-1h",
        "²",
        "2026-13-01T00:00:00Z",
        "2026-01-32",
        "2026-01-01 13",
        "2026-01-01 13:03 CET",
        "13:03",
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadTime, match=r"--until .*: give a span such as 1h or 48h, or an instant such as 2026-"):
        read_time(text, SteppedClock(NOW), "--until")
