"""nginx's configuration language, as far as logs go: directives, the logs they write, and in which format.

Pure: texts of included files come through a callable, so that the agent may look below any root. Used by nginx_access
for what people paste into `log_format`, and by the agent's discovery. Source: nginx's manual (ngx_core_module,
ngx_http_log_module, ngx_http_realip_module).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from whodid.formats.errors import FormatError
from whodid.formats.nginx_format import COMBINED

Include = Callable[[str], Sequence[str]]
"""The texts of the files that a pattern of `include` names; none where they cannot be had."""
_TOKEN: Final = re.compile(
    r"""\s+|\#[^\n]*|(?P<mark>[{};])|"(?P<double>(?:[^"\\]|\\.)*+)"|'(?P<single>(?:[^'\\]|\\.)*+)'"""
    r"""|(?P<bare>(?:\$\{|\\.|[^\s{};"'\\]|(?<=\S)["'])(?:\$\{|(?<=\w)\}|\\.|[^\s{};\\])*+)|(?P<odd>.)""",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS: Final = {"t": "\t", "r": "\r", "n": "\n"}
_MOST_DIRECTIVES: Final = 100_000
_MOST_DEPTH: Final = 32
_MOST_FILES: Final = 2000


class Word(NamedTuple):
    """A word of a directive."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive, with those in its block."""

    words: tuple[Word, ...]
    block: tuple["Directive", ...] = ()

    @property
    def name(self) -> str:
        return self.words[0].text

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words[1:])


@dataclass(frozen=True, slots=True)
class AccessLog:
    """A file that requests are logged to."""

    path: str
    log_format: str
    """The format's text."""
    escape: str = "default"


@dataclass(frozen=True, slots=True)
class NginxLogs:
    """What a configuration says about logs."""

    access: tuple[AccessLog, ...] = ()
    errors: tuple[str, ...] = ()
    """Files that errors are logged to."""
    real_ip_from: tuple[str, ...] = ()
    """Whom nginx itself believes about the client's address (`set_real_ip_from`)."""
    elsewhere: tuple[str, ...] = ()
    """Logs that are no files to follow: syslog, memory, a path with a variable."""
    undefined: tuple[str, ...] = ()
    """Names of formats that no directive defines: what is read is not the whole configuration."""


def given_format(text: str) -> tuple[str, str]:
    """The format's text and its `escape` (empty if it does not say) of what stands in the option `log_format`: the
    text itself, a name, the quoted pieces as they stand in nginx's configuration, or the whole directive."""
    stripped = text.strip()
    directive = re.match(r"log_format\s", stripped)
    if not directive and not stripped.startswith(("escape=", "'")):
        return text, ""
    words = [word for found in _read(stripped.rstrip(";") + ";") for word in found.words]
    if directive:
        words = words[2:]
    elif not all(word.quoted or word.text.startswith("escape=") for word in words):
        return text, ""  # a format that merely begins with an apostrophe
    return _format_of(words)


def _format_of(words: Sequence[Word]) -> tuple[str, str]:
    escape = ""
    if words and not words[0].quoted and words[0].text.startswith("escape="):
        escape, words = words[0].text.removeprefix("escape="), words[1:]
    if not words:
        raise FormatError("log_format: a directive without a text: give all of it, up to its semicolon")
    return "".join(word.text for word in words), escape


@dataclass(slots=True)
class _Found:
    """What the walk has come upon."""

    formats: dict[str, tuple[str, str]] = field(default_factory=lambda: {"combined": (COMBINED, "default")})
    access: dict[tuple[str, str], None] = field(default_factory=dict)
    errors: dict[str, None] = field(default_factory=dict)
    real_ip_from: dict[str, None] = field(default_factory=dict)
    elsewhere: dict[str, None] = field(default_factory=dict)
    files: int = 0


def nginx_logs(text: str, include: Include, prefix: str = "/etc/nginx") -> NginxLogs:
    """Reads a configuration. Paths that are not absolute are below `prefix`. Never raises on any text."""
    found = _Found()
    _walk(_read(text), include, found, ())
    access: dict[str, AccessLog] = {}
    undefined: dict[str, None] = {}
    for path, name in found.access:
        if name not in found.formats:
            undefined[name] = None
            continue
        where = _absolute(path, prefix)
        # A file that several formats are written to is followed in the first one: the others are read at a loss.
        access.setdefault(where, AccessLog(where, *found.formats[name]))
    errors = tuple(dict.fromkeys(_absolute(path, prefix) for path in found.errors))
    return NginxLogs(
        tuple(access.values()), errors, tuple(found.real_ip_from), tuple(found.elsewhere), tuple(undefined)
    )


def _absolute(path: str, prefix: str) -> str:
    return path if path.startswith("/") else f"{prefix.rstrip('/')}/{path}"


def _walk(directives: Sequence[Directive], include: Include, found: _Found, inside: tuple[str, ...]) -> None:
    for directive in directives:
        name, arguments = directive.name, directive.arguments
        if name == "include" and arguments and len(inside) < _MOST_DEPTH:
            for text in include(arguments[0])[: _MOST_FILES - found.files]:
                found.files += 1
                _walk(_read(text), include, found, (*inside, "include"))
        elif name == "log_format" and len(arguments) > 1 and "stream" not in inside:
            body, escape = _format_of(directive.words[2:])
            found.formats.setdefault(arguments[0], (body, escape or "default"))
        elif name == "access_log" and arguments and "stream" not in inside:
            _access_log(arguments, found)
        elif name == "error_log" and arguments:
            _file(arguments[0], found, found.errors)
        elif name == "set_real_ip_from" and arguments:
            found.real_ip_from[arguments[0]] = None
        if directive.block and len(inside) < _MOST_DEPTH:
            _walk(directive.block, include, found, (*inside, name))


def _access_log(arguments: Sequence[str], found: _Found) -> None:
    path, rest = arguments[0], arguments[1:]
    if path == "off" or any(word == "gzip" or word.startswith("gzip=") for word in rest):
        return
    files: dict[str, None] = {}
    _file(path, found, files)
    name = rest[0] if rest and "=" not in rest[0] else "combined"
    found.access.update({(file, name): None for file in files})


def _file(path: str, found: _Found, files: dict[str, None]) -> None:
    if path.startswith(("syslog:", "memory:")) or path == "stderr" or "$" in path:
        found.elsewhere[path] = None
    elif path != "/dev/null":
        files[path] = None


def _read(text: str) -> tuple[Directive, ...]:
    """The directives of a text. What is broken is left out: nginx itself would not start with it."""
    return tuple(_directives(_tokens(text), 0))


def _directives(tokens: Iterator[Word | str], depth: int) -> list[Directive]:
    found: list[Directive] = []
    words: list[Word] = []
    for item in tokens:
        if isinstance(item, Word):
            words.append(item)
            continue
        block: tuple[Directive, ...] = ()
        if item == "{":
            block = tuple(_directives(tokens, depth + 1)) if depth < _MOST_DEPTH else ()
        if words:
            found.append(Directive(tuple(words), block))
        words = []
        if item == "}" and depth:
            break
    return found


def _tokens(text: str) -> Iterator[Word | str]:
    for count, match in enumerate(_TOKEN.finditer(text)):
        if count > 10 * _MOST_DIRECTIVES:
            return
        kind = match.lastgroup
        if kind == "mark":
            yield match.group()
        elif kind == "bare":
            yield Word(_ESCAPED.sub(_plain, match.group()), quoted=False)
        elif kind in ("double", "single"):
            yield Word(_ESCAPED.sub(_plain, match.group(kind)), quoted=True)


def _plain(match: re.Match[str]) -> str:
    character = match.group(1)
    return _CONTROLS.get(character, character if character in "\"'\\ ;{}" else match.group())
