r"""Where a secret ends: the value behind `password=`, `PASSWORD`, `Authorization:` and their like. For redact_rules.

A value ends exactly where whoever reads the text (the server, libpq, an HTTP client) ends it, not one character later:
an attacker could hide the rest of a statement behind a password (`PASSWORD 'x\'; TRUNCATE …`). Strings are those of
PostgreSQL's manual ("Lexical Structure") and of JSON (RFC 8259), headers those of RFC 9110 and 6265. Each reader takes
time in proportion to what it reads.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

import orjson


class Secret(NamedTuple):
    """A secret in a text: from where to where, and what it is without its escapes, to tell equal ones."""

    start: int
    end: int
    value: str


_PLAIN: Final = re.compile(r"(?:[uU]&)?'((?:[^']++|'')*+)('?)")
_ESCAPED: Final = re.compile(r"[eE]'((?:[^'\\]++|''|\\[\s\S]|\\\Z)*+)('?)")
_DOLLAR: Final = re.compile(r"\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]{0,62})?\$")
_JSON: Final = re.compile(r'"((?:[^"\\\n]++|\\.)*+)("?)')
_NESTED: Final = re.compile(r'(\\{1,7})"')
_NESTED_ENDS: Final = tuple(
    re.compile(rf'((?:[^"\\]++|\\++[^"\\]|\\{{{level + 1},}}+")*+)\\{{{level}}}"') for level in range(1, 8)
)
"""A JSON string inside of a JSON string ends at a quote behind as many backslashes as it began with."""
_HEX_QUOTED: Final = re.compile(
    r"\\{1,7}[uU]0027((?:[^\\]++|(?:\\{1,7}[uU]0027){2}|(?!\\{1,7}[uU]0027)\\++)*+)\\{1,7}[uU]0027"
)
"""`'…'` as some JSON writers spell it: \\u0027."""
_DOUBLED: Final = re.compile(r"''(?:(?![\s,;)'])([^';\n]++)''|([^';\n]++)''(?=\s+\w+\s*=|\s*'(?!')))")
"""A value inside of a connection string that is a string of SQL itself: `'host=h password=''x y'' user=u'`."""
_DOUBLED_JSON: Final = re.compile(r'""(?![\s,;)"])([^"\n]++)""')
"""The same in a field of CSV."""
_CALL: Final = re.compile(r"(?:[\w.]{1,40}\(\s*+){1,3}(?=[eEuU]?&?'|\$)")
_BARE: Final = re.compile(
    r"""(?!\$\d|%s|\?|(?:null|none|nil|true|false|undefined)(?![\w-]))"""
    r"""((?:(?!%26|%3b)[^\s'"\\&;,)]|,(?=[^\s'"\\&;,)=]++(?:[\s'"&;,]|\Z)))++)""",
    re.IGNORECASE,
)
"""To the next blank, quote or separator; a comma belongs to it unless another `name=` follows. Parameters and words
that stand for nothing are no values."""
_PARAMETER: Final = r"""[\w-]++=(?:\\{0,7}"[^"\\]*+\\{0,7}"|[^\s,"'\\]*+)"""
_CREDENTIALS: Final = re.compile(
    rf"[a-z][\w-]{{1,30}}+(?:[ \t]++|%20|\+)({_PARAMETER}(?:,\s*+{_PARAMETER})*+)"
    r"|(?:basic|bearer|token|negotiate|ntlm|api-?key|key|oauth|digest|dpop)(?:[ \t]++|%20|\+)"
    r"""([^\s"'\\,;&)}\]]++)"""
    r"|[a-z][\w-]{1,30}+[ \t]++(?=[a-z._~+/=-]*+\d)([\w.~+/=-]{16,}+)"
    r"|(?=[a-z._~+/=-]*+\d)([\w.~+/=-]{8,}+)",
    re.IGNORECASE | re.ASCII,
)
"""A scheme that is known and anything, or one that is not and what looks random, or only that."""
_SCHEME: Final = re.compile(r"\s*+[a-z][\w-]{1,30}+\s++([\s\S]++)", re.IGNORECASE | re.ASCII)
_PAIR: Final = re.compile(
    r"""([^\s=;,"'\\]{1,256}+)(?:=(\\{0,7}"[^"\\]*+\\{0,7}"|[^\s;"'\\]*+))?(?:;[ \t]*+)?""", re.ASCII
)
_AUTHORITY: Final = re.compile(r"""[^\s/'"<>\\]++""")
_PIECE: Final = re.compile(r"([^=;]*+)(?:=([^;]*+))?(?:;|\Z)")
_COOKIE_ATTRIBUTES: Final = frozenset(("path", "domain", "expires", "max-age", "samesite", "priority", "version"))
_KEY_GAP: Final = r"(?:[\s>|]|\\{1,7}[nrt]|#01[125])"  # rsyslog writes #012 for a newline
_KEY_BODY: Final = re.compile(
    rf"(?:{_KEY_GAP}{{1,16}}+(?:[A-Za-z0-9+/]{{16,}}+={{0,2}}|[A-Za-z0-9+/]{{1,15}}={{1,2}}"
    rf"|[A-Za-z0-9+/]{{1,15}}(?={_KEY_GAP}{{0,16}}(?:-----END|\Z|[\"']))"
    r"|(?:Proc-Type|DEK-Info|Version|Comment):[ \w,.()-]{0,80}|=[A-Za-z0-9+/]{4}(?![A-Za-z0-9+/])))++"
)
_KEY_LINE: Final = re.compile(
    r"\s*+(?:[A-Za-z0-9+/]{1,76}+={0,2}|(?:Proc-Type|DEK-Info|Version|Comment):[ \w,.()-]{0,80}|-----END .{1,60})?\s*+"
)
_LONGEST_KEY: Final = 64 << 10
_KEY_GAPS: Final = re.compile(rf"{_KEY_GAP}++")
_ESCAPE: Final = re.compile(r"''|\\([\s\S])")
_FURTHEST_TAG: Final = 4096
"""So far behind `password = $tag$` its end is looked for."""


def sql_string(text: str, at: int) -> Iterator[Secret]:
    """The string of SQL that begins here; one that does not end goes on to the end of the text, as for the server."""
    if match := _PLAIN.match(text, at):
        yield Secret(*match.span(1), match[1].replace("''", "'"))
    elif match := _ESCAPED.match(text, at):
        yield Secret(*match.span(1), _unescape(match[1]))
    elif match := _DOLLAR.match(text, at):
        end = text.find(match[0], match.end())
        end = len(text) if end < 0 else end
        yield Secret(match.end(), end, text[match.end() : end])
    elif match := _HEX_QUOTED.match(text, at):
        yield _of_group(match, 1)


def assigned(text: str, at: int) -> Iterator[Secret]:
    """The value behind `name=` or `"name": `: a string, the string that a function is called with, or a word."""
    if call := _CALL.match(text, at):
        at = call.end()
    tight = text[at - 1 : at] == "=" or text[at - 3 : at].lower() == "%3d"
    if text.startswith("''", at) and not text.startswith("'''", at):
        match = _DOUBLED.match(text, at)
        if match:
            yield _of_group(match, match.lastindex or 0)
        return
    if match := _DOUBLED_JSON.match(text, at):
        yield _of_group(match, 1)
        return
    found = _quoted(text, at)
    if found is not None:
        yield found
        return
    if text[at : at + 1] in ("'", '"'):
        at += 1  # a string that does not end: only its first word, for nobody knows what the rest is
    elif not tight:
        return
    if bare := _BARE.match(text, at):
        yield Secret(*bare.span(1), unquote(bare[1]))


def _quoted(text: str, at: int) -> Secret | None:
    """A string that ends."""
    match = _PLAIN.match(text, at)
    if match and match[2]:
        return Secret(match.start(1), match.end(1), match[1].replace("''", "'"))
    match = _ESCAPED.match(text, at)
    if match and match[2]:
        return Secret(match.start(1), match.end(1), _unescape(match[1]))
    match = _JSON.match(text, at)
    if match and match[2]:
        return Secret(match.start(1), match.end(1), _json_value(match[1]))
    if match := _NESTED.match(text, at):
        end = _NESTED_ENDS[len(match[1]) - 1].match(text, match.end())
        return _of_group(end, 1) if end else None
    if match := _DOLLAR.match(text, at):
        close = text.find(match[0], match.end(), match.end() + _FURTHEST_TAG)
        return Secret(match.end(), close, text[match.end() : close]) if close >= 0 else None
    match = _HEX_QUOTED.match(text, at)
    return _of_group(match, 1) if match else None


def credentials(text: str, at: int) -> Iterator[Secret]:
    """What stands behind `Authorization: ` and its scheme."""
    if match := _CREDENTIALS.match(text, at):
        yield _of_group(match, match.lastindex or 0)


def key_goes_on(line: str, record: str) -> bool:
    """Whether a record breaks off inside a private key and the line goes on with it, in a log without an envelope."""
    begun = record.rfind("PRIVATE KEY", 0, _LONGEST_KEY)
    return (
        begun >= 0
        and "-----END" not in record[begun:]
        and record.rfind("-----BEGIN ", max(0, begun - 60), begun) >= 0
        and len(record) < _LONGEST_KEY
        and _KEY_LINE.fullmatch(line) is not None
    )


def key_body(text: str, at: int) -> Iterator[Secret]:
    """What stands between BEGIN and END of a private key, as far as it is one."""
    if match := _KEY_BODY.match(text, at):
        yield Secret(*match.span(), _KEY_GAPS.sub("", match[0]))


def cookies(text: str, at: int) -> Iterator[Secret]:
    """The values of `a=1; b=2`; names stay."""
    return _pairs(text, at, frozenset())


def set_cookie(text: str, at: int) -> Iterator[Secret]:
    """The value of `a=1; Path=/; HttpOnly`; what is said about the cookie stays."""
    return _pairs(text, at, _COOKIE_ATTRIBUTES)


def _pairs(text: str, at: int, kept: frozenset[str]) -> Iterator[Secret]:
    first = True
    while pair := _PAIR.match(text, at):
        if pair[2] is None and first:
            return
        if pair[2] and (first or pair[1].lower() not in kept):
            start, end = pair.span(2)
            yield Secret(start, end, pair[2])
        if not text.startswith(";", pair.end(2) if pair[2] is not None else pair.end(1)):
            return
        first, at = False, pair.end()


def credentials_of(value: str, at: int) -> Iterator[Secret]:
    """The same where it is known to be all of the value: one without a scheme is a secret as a whole."""
    match = _SCHEME.fullmatch(value, at)
    yield _of_group(match, 1) if match else Secret(at, len(value), value)


def cookies_of(value: str, at: int) -> Iterator[Secret]:
    """The values of `a=1; b=2` where that is known to be all of the value, so that only `;` ends one."""
    return _pairs_of(value, at, frozenset())


def set_cookie_of(value: str, at: int) -> Iterator[Secret]:
    return _pairs_of(value, at, _COOKIE_ATTRIBUTES)


def _pairs_of(value: str, at: int, kept: frozenset[str]) -> Iterator[Secret]:
    for match in _PIECE.finditer(value, at):
        if match[2] and (match[1].strip().lower() not in kept):
            yield _of_group(match, 2)


def userinfo(text: str, at: int) -> Iterator[Secret]:
    """The password of `scheme://user:password@host`."""
    match = _AUTHORITY.match(text, at)
    end = text.rfind("@", at, match.end()) if match else -1
    if end > at:
        yield Secret(at, end, unquote(text[at:end]))


def _of_group(match: re.Match[str], group: int) -> Secret:
    return Secret(match.start(group), match.end(group), match[group])


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: match[1] or "'", text)


def _json_value(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return str(orjson.loads(f'"{text}"'))
    except ValueError:
        return text
