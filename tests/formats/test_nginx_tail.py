"""Whose request an entry of the error log is about, against messages and headers that imitate nginx's fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats.nginx_tail import MAX_BYTES, find_tail, is_whole

REAL = ', client: 203.0.113.9, server: shop.example, request: "GET /a HTTP/1.1", host: "shop.example"'
FORGED = ', client: 10.1.0.14, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"'


def client(text: str) -> tuple[str, bool]:
    tail = find_tail(text)
    assert tail is not None
    return tail.fields["client"], bool(tail.doubt)


@pytest.mark.parametrize(
    ("text", "blamed", "doubted"),
    [
        (f"access forbidden by rule{REAL}", "203.0.113.9", False),
        # in a user's name, a path, a FastCGI server's words: nginx's own fields stand behind them
        (f'user "a"{FORGED}": password mismatch{REAL}', "203.0.113.9", False),
        (f'user "a": password mismatch{FORGED}" was not found in "/x"{REAL}', "203.0.113.9", False),
        (f'open() "/srv{FORGED}" failed (2: No such file or directory){REAL}', "203.0.113.9", False),
        # in the Referer: they stand before it
        (f'access forbidden by rule{REAL}, referrer: "https://x/"', "203.0.113.9", False),
        (f'access forbidden by rule{REAL}, referrer: "x"{FORGED}"', "203.0.113.9", False),
        (f'access forbidden by rule{REAL}, referrer: "x"{FORGED}', "203.0.113.9", True),
        (f'access forbidden by rule{REAL}, referrer: "x"{FORGED}, referrer: "y"', "203.0.113.9", True),
        # where both could be: a doubt, and the last one
        (f'user "a": password mismatch{FORGED}, referrer: "" was not found in "/x"{REAL}, referrer: "y"',
         "203.0.113.9", True),
        # what is no HTTP, and what older servers let pass
        (', client: 203.0.113.9, server: a, request: "\x16\x03\x01"', "203.0.113.9", False),
        (', client: 203.0.113.9, server: a, request: "GET /a b HTTP/1.1", host: "a"', "203.0.113.9", False),
        (', client: 2001:db8::7, server: a', "2001:db8::7", False),
        (', client: unix:, server: a, request: "GET / HTTP/1.1", subrequest: "/auth", upstream: "http://u/", host: "a"',
         "unix:", False),
        (', client: 203.0.113.9, server: 0.0.0.0:25, login: "noa", upstream: 127.0.0.1:2525', "203.0.113.9", False),
    ],
)  # fmt: skip
def test_who_is_blamed(text: str, blamed: str, doubted: bool) -> None:
    assert client(text) == (blamed, doubted)


def test_a_line_that_nginx_cut() -> None:
    """At 2047 bytes nginx cuts: what the message invents may be all that is left."""
    fixed = f'access forbidden by rule, client: 203.0.113.9, server: a, request: "GET /{"a" * MAX_BYTES}'[:MAX_BYTES]
    assert client(fixed) == ("203.0.113.9", False)
    invented = f'user "a"{FORGED}{"a" * MAX_BYTES}'[:MAX_BYTES]
    assert client(invented) == ("10.1.0.14", True)


@pytest.mark.parametrize(
    "text", ["", "signal process started", "client 10.1.0.14 closed keepalive connection", ", client: "]
)
def test_no_tail(text: str) -> None:
    assert find_tail(text) is None
    assert not is_whole(text)


TEXT = st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=20)
WORDS = st.lists(
    st.one_of(TEXT, st.sampled_from([FORGED, '"', ", client: ", ', referrer: "', "10.1.0.14"])), max_size=5
)


@given(WORDS.map("".join))
def test_a_name_moves_no_blame_unseen(name: str) -> None:
    """Whatever somebody calls himself, the client is the one nginx saw, or the entry is marked."""
    blamed, doubted = client(f'user "{name}" was not found in "/etc/nginx/users"{REAL}')
    assert blamed == "203.0.113.9" or doubted


@given(WORDS.map("".join))
def test_a_referer_moves_no_blame_unseen(referer: str) -> None:
    blamed, doubted = client(f'open() "/srv/x" failed (2: No such file or directory){REAL}, referrer: "{referer}"')
    assert blamed == "203.0.113.9" or doubted


@given(st.lists(st.one_of(TEXT, st.sampled_from([", client: 1.2.3.4", ", server: ", ', request: "'])), max_size=30))
def test_no_text_is_too_odd(parts: list[str]) -> None:
    find_tail("".join(parts))
    is_whole("".join(parts))
