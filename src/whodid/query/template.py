"""Templates of line_format and label_format: text with `{{.label}}`, `{{__line__}}`, `{{__timestamp__}}`.

Of Go's text/template only fields and the trim marks `{{-`, `-}}` are here; anything else is NotExecuted, never a
wrong text. `{{.timestamp}}` is the entry's instant (RFC 3339) when no label has that name. A missing label is
empty.
"""

import re
from collections.abc import Callable

from whodid.model.clock import format_rfc3339
from whodid.query.errors import NotExecuted, QueryError
from whodid.query.line import Line

_ACTION = re.compile(r"\{\{(-(?=\s))?(.*?)((?<=\s)-)?\}\}", re.DOTALL)
_FIELD = re.compile(r"\.([a-zA-Z_][a-zA-Z0-9_]*)")

Part = Callable[[Line], str]


def compiled(text: str) -> Callable[[Line], str]:
    """The template as a function of a line. Raises NotExecuted, or QueryError for an unclosed action."""
    parts: list[str | Part] = []
    at, trim = 0, False
    for match in _ACTION.finditer(text):
        literal = text[at : match.start()]
        literal = literal.lstrip() if trim else literal
        parts.append(literal.rstrip() if match[1] else literal)
        parts.append(_action(match[2].strip(), text))
        at, trim = match.end(), bool(match[3])
    tail = text[at:]
    if "{{" in tail:
        raise QueryError(f"invalid template `{text}`: unclosed action, a `}}}}` is missing")
    parts.append(tail.lstrip() if trim else tail)
    said = [part for part in parts if part != ""]
    return lambda line: "".join(part if isinstance(part, str) else part(line) for part in said)


def fields(text: str) -> list[str]:
    """The labels that a template speaks of."""
    return [name for match in _ACTION.finditer(text) for name in _FIELD.findall(match[2])]


def _action(action: str, template: str) -> Part:
    field = _FIELD.fullmatch(action)
    if field is not None:
        name = field[1]
        return _timestamp if name == "timestamp" else lambda line: line.get(name) or ""
    if action == "__line__":
        return lambda line: line.text
    if action == "__timestamp__":
        return lambda line: format_rfc3339(line.ns)
    raise NotExecuted(f"the template action {{{{{action}}}}}")


def _timestamp(line: Line) -> str:
    value = line.get("timestamp")
    return format_rfc3339(line.ns) if value is None else value
