"""Where values end: one line each, the secret in brackets. What becomes of it: test_redact.py."""

from collections.abc import Callable, Iterator

import pytest

from whodid.formats import redact_values as values
from whodid.formats.redact_values import Secret

Reach = Callable[[str, int], Iterator[Secret]]
CASES: list[tuple[Reach, str, list[str]]] = [
    (values.sql_string, "'[it''s]' x'", ["it's"]),
    (values.sql_string, "'[]'", [""]),
    (values.sql_string, r"E'[a\'b]' x'", ["a'b"]),
    (values.sql_string, r"e'[a\\]' x'", ["a\\"]),
    (values.sql_string, "u&'[x]' y", ["x"]),
    (values.sql_string, "$$[a'$b]$$ $$", ["a'$b"]),
    (values.sql_string, "$é$[a$$]$é$ x", ["a$$"]),
    (values.sql_string, "'[a]", ["a"]),
    (values.sql_string, "$1 x", []),
    (values.assigned, "[abc]&b=1", ["abc"]),
    (values.assigned, "[a%20b] c", ["a b"]),
    (values.assigned, "[a,b],c=1", ["a,b"]),
    (values.assigned, "[a],c=1", ["a"]),
    (values.assigned, r'"[a\"b]" c"', ['a"b']),
    (values.assigned, r"\"[a\\\"b]\" c\"", [r"a\\\"b"]),
    (values.assigned, "''[a b]'' c=1'", ["a b"]),
    (values.assigned, "'' WHERE a = ''", []),
    (values.assigned, '""[a b]"" c', ["a b"]),
    (values.assigned, r"\u0027[a b]\u0027 c", ["a b"]),
    (values.assigned, "md5('[x]' || y)", ["x"]),
    (values.assigned, "a.crypt(lower('[x]'), 'y')", ["x"]),
    (values.assigned, "'[a] b", ["a"]),
    (values.assigned, "$1", []),
    (values.assigned, "null", []),
    (values.assigned, "[nullable]", ["nullable"]),
    (values.credentials, "Bearer [a.b-c] d", ["a.b-c"]),
    (values.credentials, 'Digest [a="b c", d=e] f', ['a="b c", d=e']),
    (values.credentials, "[a1b2c3d4]' x", ["a1b2c3d4"]),
    (values.credentials, "denied for them", []),
    (values.cookies, "a=[1]; b=[2]; c; d=[3]' e=4", ["1", "2", "3"]),
    (values.cookies, "yes; a=1", []),
    (values.set_cookie, "a=[1]; Path=/; HttpOnly; Max-Age=5", ["1"]),
    (values.set_cookie, "path=[1]; Path=/", ["1"]),
    (values.cookies_of, 'a=["1"]; b=[{"c" d}]', ['"1"', '{"c" d}']),
    (values.userinfo, "[a@b]@h/c@d", ["a@b"]),
    (values.userinfo, "5432/a@b", []),
    (values.key_body, "\n[", []),
]


@pytest.mark.parametrize(("reach", "marked", "expected"), CASES)
def test_it_ends_there(reach: Reach, marked: str, expected: list[str]) -> None:
    text = f"={marked}" if reach is values.key_body else "=" + "".join(c for c in marked if c not in "[]")
    found = list(reach(text, 1))
    assert [secret.value for secret in found] == expected
    if expected and not any(c in "".join(expected) for c in "[]"):
        shown, at = "", 0
        for secret in found:
            shown += f"{text[at : secret.start]}[{text[secret.start : secret.end]}]"
            at = secret.end
        assert shown + text[at:] == f"={marked}"[: len(shown + text[at:])]


def test_a_key_goes_on_to_its_end() -> None:
    begin, body = "12:00 got -----BEGIN EC PRIVATE" + " KEY-----", "Ab1/" * 16
    assert values.key_goes_on(body, begin)
    assert values.key_goes_on("Ab==", f"{begin}\n{body}")
    assert values.key_goes_on("-----END EC PRIVATE KEY-----", f"{begin}\n{body}")
    assert not values.key_goes_on("next", f"{begin}\n{body}\n-----END EC PRIVATE KEY-----")
    assert not values.key_goes_on("12:01 another line", f"{begin}\n{body}")
    assert not values.key_goes_on(body, "the PRIVATE KEY was read")
    assert not values.key_goes_on(body, begin + "\n" + body * 1024)


def test_a_key_s_body_ends_with_it() -> None:
    body = "\n" + "Ab1/" * 16 + "\r\n" + "Ab1/" * 16 + "\nabc=\n"
    for text in (f"{body}-----END", body.replace("\r", "").replace("\n", "\\n") + "-----END", f"{body}; DROP TABLE t"):
        (found,) = values.key_body(text, 0)
        assert found.value == "Ab1/" * 32 + "abc="
    assert list(values.key_body(" and some words; DROP TABLE t", 0)) == []
