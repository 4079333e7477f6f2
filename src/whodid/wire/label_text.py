"""The label text of a pushed stream, `{job="database", host="prod"}`, read into a dict.

Promtail, Alloy and Loki's own clients write it in this one form; the errors are worded as Loki's.
"""

import re

from whodid.errors import WhodidError
from whodid.model.go_text import unescaped

_PAIR = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)\s*(,|(?=\}))', re.DOTALL)
_LONGEST = 256 << 10
"""Far beyond what the limits on names and values allow; keeps a hostile text from being read at all."""


class BadLabels(WhodidError):
    """couldn't parse labels: the text is not a label set."""


def unquote(body: str) -> str:
    """The value of a Go double-quoted string, given what stands between the quotes. Raises ValueError."""
    if "\\" not in body:
        return body
    try:
        return unescaped(body, '"').decode(errors="replace")
    except ValueError as escape:
        raise ValueError(f"invalid escape {escape}") from None


def parse_label_text(text: str) -> dict[str, str]:
    """The labels of a stream; empty values are dropped, as Loki does. Raises BadLabels."""
    if len(text) > _LONGEST:
        raise BadLabels(f"couldn't parse labels: {text[:200]!r}… is longer than {_LONGEST} characters")
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        raise BadLabels(f'couldn\'t parse labels: {text[:200]!r} is not of the form {{name="value", …}}')
    labels: dict[str, str] = {}
    at, end = 1, len(stripped) - 1
    while match := _PAIR.match(stripped, at):
        name, quoted, raw, _ = match.groups()
        if name in labels:
            raise BadLabels(f"couldn't parse labels: the label name {name!r} stands twice in {text[:200]!r}")
        try:
            value = raw if raw is not None else unquote(quoted)
        except ValueError as e:
            raise BadLabels(f"couldn't parse labels: {e} in the value of {name!r}") from None
        labels[name] = value
        at = match.end()
    if stripped[at:end].strip():
        raise BadLabels(
            f"couldn't parse labels: 1:{at + 1}: parse error in {text[:200]!r} near {stripped[at : at + 20]!r}"
        )
    return {name: value for name, value in labels.items() if value}
