"""Converted configuration as the text of a whodid.yml: comments first, then each source with what is to be said of it.

Texts that YAML 1.1 would take for something else are quoted, so that what is read back is what was meant.
"""

from typing import Any, Final

import yaml

from whodid.promtail.convert import Converted
from whodid.promtail.yaml_values import scalar

_TEXT: Final = "tag:yaml.org,2002:str"


def whodid_yml(converted: Converted, file: str) -> str:
    """The text; `file` is where it came from."""
    lines = [f"# Converted from {file} by `whodid agent convert`."]
    if converted.notes:
        lines += ["#", "# What has no equivalent, or another one:"]
        lines += [f"# - {_line(note)}" for note in converted.notes]
    lines.append("agent:")
    lines += [f"  {name}: {_inline(value)}" for name, value in converted.data()["agent"].items() if name != "sources"]
    lines.append("  sources:" if converted.sources else "  sources: []")
    for source, comments in zip(converted.sources, converted.comments, strict=True):
        lines += [f"    # {_line(comment)}" for comment in comments]
        lines += [f"    {line}" if line else "" for line in _dumped([source]).splitlines()]
    return "\n".join(lines) + "\n"


class _Dumper(yaml.SafeDumper):
    """Without aliases, and with quotes where go-yaml 2 needs them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = isinstance(scalar(text), str)
    style = None if plain else "'"
    if "\n" in text and not text.startswith((" ", "\n")):
        style = "|"
    return dumper.represent_scalar(_TEXT, text, style=style)


def _nothing(dumper: yaml.SafeDumper, _: None) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:null", "")


_Dumper.add_representer(str, _text)
_Dumper.add_representer(type(None), _nothing)


def _dumped(data: object) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000))


def _inline(text: str) -> str:
    return _dumped([text]).strip().removeprefix("- ")


def _line(text: str) -> str:
    """In one line, for a comment."""
    return " ".join(text.split())
