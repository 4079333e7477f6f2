"""What a stage is told, read as Promtail reads it: keys in any case, unknown ones noted, values of the right type.

Promtail decodes most stages strictly (a number is no text) and some weakly (`value: 500` is the text "500"); a stage
says which it is. Source: mitchellh/mapstructure's Decode and WeakDecode, as Promtail's stages call them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from whodid.model.go_numbers import parse_duration_ns, parse_float
from whodid.model.go_text import plain_float
from whodid.promtail.errors import PipelineError
from whodid.promtail.patterns import Pattern, PatternError

_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False", "")
_SIZE = re.compile(r"([0-9]+)\s*([A-Za-z]*)\s*")
_UNIT_BYTES: Final = {"": 1, "B": 1, "BYTE": 1} | {
    name: 1 << (10 * power)
    for power, names in enumerate(
        (
            "K KB KIB KILO KILOBYTE KILOBYTES",
            "M MB MIB MEGA MEGABYTE MEGABYTES",
            "G GB GIB GIGA GIGABYTE GIGABYTES",
            "T TB TIB TERA TERABYTE TERABYTES",
            "P PB PIB PETA PETABYTE PETABYTES",
            "E EB EIB EXA EXABYTE EXABYTES",
        ),
        1,
    )
    for name in names.split()
}


class Settings:
    """The settings of one stage."""

    def __init__(self, given: object, place: str, *, weak: bool = False) -> None:
        self.place, self._weak = place, weak
        if given is None:
            given = {}
        if not isinstance(given, Mapping):
            raise PipelineError(place, f"its settings must be a mapping, not {kind(given)}")
        self._values: dict[str, object] = {}
        for key, value in given.items():
            if not isinstance(key, str):
                raise PipelineError(place, f"the key {key!r} must be a text; put it into quotes")
            self._values[key.lower()] = value

    def wrong(self, message: str, key: str = "") -> PipelineError:
        return PipelineError(f"{self.place}.{key}" if key else self.place, message)

    def raw(self, key: str) -> object:
        """The value as it stands; None if it is missing."""
        return self._values.get(key)

    def unknown(self, *known: str) -> list[str]:
        """Keys that this stage does not have. Promtail ignores them."""
        return [key for key in self._values if key not in known]

    def text(self, key: str) -> str | None:
        """A text; None if it is missing."""
        value = self._values.get(key)
        if value is None or isinstance(value, str):
            return value
        if self._weak and isinstance(value, bool):
            return "1" if value else "0"
        if self._weak and isinstance(value, int | float):
            return plain_float(value) if isinstance(value, float) else str(value)
        raise self.wrong(f"must be a text, not {kind(value)}{_quote_it(value)}", key)

    def flag(self, key: str) -> bool | None:
        value = self._values.get(key)
        if value is None or isinstance(value, bool):
            return value
        if self._weak and isinstance(value, int | float):
            return value != 0
        if self._weak and isinstance(value, str) and value in (*_TRUE, *_FALSE):
            return value in _TRUE
        raise self.wrong(f"must be true or false, not {kind(value)}", key)

    def number(self, key: str) -> float | None:
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, int | float) and (self._weak or not isinstance(value, bool)):
            return float(value)
        if self._weak and isinstance(value, str):
            try:
                return parse_float(value)
            except ValueError as error:
                raise self.wrong(str(error), key) from None
        raise self.wrong(f"must be a number, not {kind(value)}", key)

    def whole(self, key: str) -> int | None:
        """A whole number; of a fraction its whole part, as Go converts it."""
        value = self._values.get(key)
        if self._weak and isinstance(value, str):
            try:
                return int(value, 0)
            except ValueError:
                raise self.wrong(f"must be a whole number, not {value!r}", key) from None
        found = self.number(key)
        return None if found is None else int(found)

    def texts(self, key: str) -> list[str] | None:
        """A list of texts."""
        value = self._values.get(key)
        if value is None:
            return None
        if self._weak and isinstance(value, str):
            return [value] if value else []
        return text_list(value, f"{self.place}.{key}")

    def names(self, key: str) -> dict[str, str | None]:
        """A mapping of names to texts or to nothing."""
        value = self._values.get(key)
        return {} if value is None else text_map(value, f"{self.place}.{key}")

    def duration_ns(self, key: str) -> int | None:
        """A duration as Go writes it: `1h30m`, `250ms`."""
        text = self.text(key)
        if text is None:
            return None
        try:
            return parse_duration_ns(text)
        except ValueError as error:
            raise self.wrong(f"{error}; write for example 24h, 3s or 1h30m", key) from None

    def size_bytes(self, key: str) -> int | None:
        """`8KB`, `1 MiB`, `100`: all in powers of 1024."""
        text = self.text(key)
        if text is None:
            return None
        match = _SIZE.fullmatch(text)
        if match is None or match[2].upper() not in _UNIT_BYTES:
            raise self.wrong(f"{text!r} is no size; write for example 8KB", key)
        return int(match[1]) * _UNIT_BYTES[match[2].upper()]

    def pattern(self, key: str, *, captures: bool = True) -> Pattern | None:
        """A regular expression."""
        text = self.text(key)
        return None if text is None else compiled(text, f"{self.place}.{key}", captures=captures)

    def source(self) -> str | None:
        """`source`: a name among the extracted values, and not an empty one; None: the line."""
        source = self.text("source")
        if source == "":
            raise self.wrong("names nothing; leave it out to read the line", "source")
        return source


def compiled(expression: str, place: str, *, captures: bool = True) -> Pattern:
    """The expression, or an error that says where it stands."""
    try:
        return Pattern(expression, captures=captures)
    except PatternError as error:
        raise PipelineError(
            place, f"{error}; regular expressions are RE2 (github.com/google/re2/wiki/Syntax)"
        ) from None


def text_list(value: object, place: str) -> list[str]:
    """A list of texts."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise PipelineError(place, f"must be a list of texts, not {kind(value)}")
    for n, item in enumerate(value):
        if not isinstance(item, str):
            raise PipelineError(f"{place}[{n}]", f"must be a text, not {kind(item)}{_quote_it(item)}")
    return list(value)


def text_map(value: object, place: str) -> dict[str, str | None]:
    """A mapping of names to texts or to nothing."""
    if not isinstance(value, Mapping):
        raise PipelineError(place, f"must be a mapping of names to texts, not {kind(value)}")
    for name, item in value.items():
        if not isinstance(name, str):
            raise PipelineError(place, f"the key {name!r} must be a text{_quote_it(name)}")
        if item is not None and not isinstance(item, str):
            raise PipelineError(f"{place}.{name}", f"must be a text, not {kind(item)}{_quote_it(item)}")
    return dict(value)


def kind(value: object) -> str:
    """What a value is, for an error."""
    if isinstance(value, bool):
        return f"the boolean {'true' if value else 'false'}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, Mapping):
        return "a mapping"
    return "nothing" if value is None else "a list"


def _quote_it(value: object) -> str:
    if isinstance(value, bool):
        return " (YAML 1.1 reads y, n, yes, no, on, off as booleans): put it into quotes"
    return ": put it into quotes" if isinstance(value, int | float) else ""
