"""What `whodid agent --dry-run` prints of one entry for people: when and what, the line, and who and what else was read
out of it. Pure; agent.py prints it. For programs there is `--json`, which leaves nothing out.
"""

import textwrap
from typing import Final

from whodid.agent.dry_run import Shown
from whodid.cli.output import printable
from whodid.model.clock import format_rfc3339

_HEADLINE: Final = ("operation", "outcome")
_FIRST: Final = ("user", "target", "person", "client", "db", "table", "command", "path", "status", "trust", "trust_why")
"""Who, from where, on what: what people look for stands in front."""
_LINE, _TOLD = "    ", "      "
_WIDTH: Final = 116
_CUT_CHARS: Final = 24


def shown_text(shown: Shown, labels_before: str) -> str:
    """One entry. Its labels only where they are not those of the entry before it."""
    labels = [shown.labels] if shown.labels != labels_before else []
    headline = "  ".join([format_rfc3339(shown.ns), *_headline(shown)])
    line = textwrap.indent("\n".join(map(printable, shown.line.split("\n"))), _LINE, lambda _: True)
    return "\n".join([*labels, headline, line, *_told(shown)])


def _headline(shown: Shown) -> list[str]:
    """What it is, in a word or two."""
    words = [printable(shown.attributes[name]) for name in _HEADLINE if name in shown.attributes]
    return words if shown.understood else [*words, "NOT UNDERSTOOD"]


def _told(shown: Shown) -> list[str]:
    """The attributes, as many in a row as there is room for."""
    rest = {name: value for name, value in shown.attributes.items() if name not in _HEADLINE and value != shown.line}
    names = [*(name for name in _FIRST if name in rest), *(name for name in rest if name not in _FIRST)]
    rows, row = list[str](), ""
    for pair in (f"{name}={_value(rest[name], shown.line)}" for name in names):
        if row and len(row) + 2 + len(pair) > _WIDTH - len(_TOLD):
            rows.append(row)
            row = pair
        else:
            row = f"{row}  {pair}" if row else pair
    if row or not shown.attributes:
        rows.append(row or "nothing was read out of it")
    return [f"{_TOLD}{row}" for row in rows]


def _value(value: str, line: str) -> str:
    """On one line. Of what the line ends with anyway (a message, a statement) the beginning is enough."""
    text = " ".join(printable(piece).strip() for piece in value.split("\n"))
    if len(text) > 2 * _CUT_CHARS and " " in text and _bare(line).endswith(_bare(value)):
        return f"{text[:_CUT_CHARS]}… (to the end of the line)"
    return text


def _bare(text: str) -> str:
    """Without what may differ between a line and what is told of it."""
    return "".join(text.split())
