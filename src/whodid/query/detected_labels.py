"""Which labels are worth choosing by: those of the streams with lines in the span, without mere ids.

A label all of whose values are numbers or UUIDs tells requests apart, not services, so it is left out; labels of the
infrastructure stay whatever their values. Source: Grafana Loki's `detected_labels`.
"""

import re
from collections.abc import Iterable, Sequence

from whodid.model.entry import Labels
from whodid.model.go_numbers import parse_float
from whodid.query.go_values import reads

ALWAYS_KEPT = frozenset(("cluster", "namespace", "instance", "pod"))
_HEX = "[0-9a-fA-F]"
_HYPHENATED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_UUID = re.compile(rf"(?:(?:[uU][rR][nN]:[uU][uU][iI][dD]:)?{_HYPHENATED}|\{{{_HYPHENATED}\}}|{_HEX}{{32}})")
_is_number = reads(parse_float)


def detected_labels(live: Sequence[Labels]) -> list[tuple[str, int]]:
    """Name and number of values of each label of these streams that is worth showing, by name."""
    values: dict[str, set[str]] = {}
    for labels in live:
        for name, value in labels.items():
            values.setdefault(name, set()).add(value)
    return [(name, len(found)) for name, found in sorted(values.items()) if name in ALWAYS_KEPT or not _are_ids(found)]


def _are_ids(values: Iterable[str]) -> bool:
    found = set(values)
    # 0 and 1 alone are a switch.
    return not found <= {"0", "1"} and all(_is_number(value) or _UUID.fullmatch(value) for value in found)
