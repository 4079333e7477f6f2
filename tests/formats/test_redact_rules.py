"""The rules as a whole: each is documented, and none takes long on a text made to make it. Cases: test_redact.py."""

import time

import pytest

from whodid.formats.nginx_variables import _SECRETS
from whodid.formats.redact import Redactor
from whodid.formats.redact_rules import KINDS, RULES

HOSTILE = (
    "'password=", "password='", 'password="', "password$a$", 'password=\\"', 'password=\\\\"', "passwordE'\\",
    "password ", "password--", "password/*", "password=a(", "password=,", "password=''a", "identified with a", "://",
    "://a:", "a://a:b@", "eyJ", "eyJaaaaaaaa.", "AKIA", "ghp_", "github_pat_", "xoxb-", "hooks.slack.com/services/",
    "sk_live_", "AIza", "glpat-", "authorization: ", "authorization:a ", 'authorization: Digest a="', "bearer ",
    "bearer a", "cookie: ", "cookie: a=b; ", "set-cookie: a;", "curl ", "curl -u a", "--password", "token=",
    "token%3D", 'token: "', "x-token: ", "x-", '\\u0027', 'password=\\u0027', "-----BEGIN PRIVATE KEY-----",
    '-----BEGIN PRIVATE KEY-----\nab ', "-----BEGIN ", "<redacted:", '{"password":', '"password', '{"a":"', "[", '["',
    '\\"{', '\\', "'", '"', "$$", " ", '\n', "a", "é",
)  # fmt: skip


def test_every_kind_is_said_and_every_needle_is_small() -> None:
    of_places = set(_SECRETS.values())  # nginx's variables, which are secrets by their names
    assert {rule.kind for rule in RULES} | of_places == set(KINDS)
    assert all(needle == needle.lower() for rule in RULES for needle in rule.needles)


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_in_proportion_to_the_text(piece: str) -> None:
    """Four times the text must not take sixteen times the time; a millionth of a second for a character is plenty."""
    redact = Redactor(b"k")

    def took_s(size: int) -> float:
        text = f"password token key {piece * (size // len(piece))}"
        began = time.perf_counter()
        redact(text)
        return time.perf_counter() - began

    small, large = took_s(50_000), took_s(200_000)
    assert large < max(10 * small, 0.4)
