"""Labels: what names a stream. Loki's label sets as plain dicts, and their one text form.

Parsing of label text that clients send lives in wire/; this is the canonical form that whodid itself writes.
"""

import re
from collections.abc import Mapping

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quote(text: str) -> str:
    """A Go-style double-quoted string, as Loki prints label values (control characters as \\xNN)."""
    out = [_ESCAPES.get(c) or (f"\\x{ord(c):02x}" if ord(c) < 0x20 or ord(c) == 0x7F else c) for c in text]
    return '"' + "".join(out) + '"'


def format_labels(labels: Mapping[str, str]) -> str:
    """The canonical text of a label set: `{a="b", c="d"}`, sorted by name."""
    return "{" + ", ".join(f"{name}={quote(labels[name])}" for name in sorted(labels)) + "}"


def sanitize_label_name(name: str) -> str:
    """A name made a valid label name the way Loki does: leading digit gets `_`, other characters become `_`."""
    name = name.strip()
    if name and name[0].isdigit():
        name = "_" + name
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)
