"""Go's Sprintf over a template's values: flags, width, precision, numbered arguments, and what a misfit prints.

Source of the behaviour: the Go packages fmt and strconv.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from whodid.model.go_text import quoted, show_float
from whodid.templates.go_format import show
from whodid.templates.go_time import GoTime
from whodid.templates.time_values import Location
from whodid.templates.values import Failure, Named, joined, type_name

_USUAL: Final = re.compile(r"([-+# 0]*)(\d{1,5})?(?:\.(\d{0,5}))?(?=[^-+# \d.*\[])")
"""A verb without stars and numbered arguments."""
_FLAGS: Final = re.compile(r"[-+# 0]*")
_DIGITS: Final = re.compile(r"\d+")
_INDEX: Final = re.compile(r"\[([^\]]{0,64})\]")
_MOST: Final = 1_000_000
"""A larger width or precision is none, as Go has it."""
_BASES: Final = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES: Final = {"b": "0b", "x": "0x", "X": "0X"}


def sprintf(text: str, arguments: Sequence[Any]) -> str:
    """The text with its arguments; a misfit prints as Go prints it (`%!d(string=x)`).

    Raises Failure where it grows too large.
    """
    return joined(_Printing(text, arguments).parts())


@dataclass(frozen=True)
class _Spec:
    """What stands between `%` and the verb. `syntax` is `#` of `%#v`: a value as Go's source has it."""

    flags: str = ""
    width: int | None = None
    precision: int | None = None
    syntax: bool = False

    def has(self, flag: str) -> bool:
        return flag in self.flags

    @property
    def zeros(self) -> bool:
        return self.has("0") and not self.has("-")

    @property
    def sign(self) -> str:
        return "+" if self.has("+") else " " if self.has(" ") else ""

    def pad(self, text: str, zeros: bool = True) -> str:
        missing = max(0, (self.width or 0) - len(text))
        if self.has("-"):
            return text + " " * missing
        return ("0" if zeros and self.zeros else " ") * missing + text

    def pad_text(self, text: str) -> str:
        return self.pad(text[: self.precision])


@lru_cache(1024)
def _usual(text: str) -> _Spec:
    match = _USUAL.match(text + "v")
    assert match is not None
    flags, width, precision = match.groups()
    return _Spec(flags, int(width) if width else None, None if precision is None else int(precision or 0))


class _Printing:
    """One format on its way: `at` is the place in it, `next` the argument that comes next."""

    def __init__(self, text: str, arguments: Sequence[Any]) -> None:
        self._text, self._arguments = text, arguments
        self._at = self._next = 0
        self._reordered = self._misplaced = False

    def parts(self) -> Iterator[str]:
        while (percent := self._text.find("%", self._at)) >= 0:
            yield self._text[self._at : percent]
            self._at = percent + 1
            yield from self._one()
        yield self._text[self._at :]
        left = self._arguments[self._next :]
        if left and not self._reordered:
            shown = ", ".join("<nil>" if v is None else f"{type_name(v)}={show(v)}" for v in left)
            yield f"%!(EXTRA {shown})"

    def _one(self) -> Iterator[str]:
        self._misplaced = False
        usual = self._matched(_USUAL)
        if usual is not None:
            yield self._verb(_usual(usual))
            return
        flags = self._matched(_FLAGS) or ""
        numbered = self._index()
        width = precision = None
        if self._took("*"):
            width, numbered = self._star(), False
            if width is None:
                yield "%!(BADWIDTH)"
            elif width < 0:
                flags, width = flags + "-", -width
        else:
            width = self._number()
            self._misplaced |= numbered and width is not None
        if self._took("."):
            self._misplaced |= numbered
            numbered = self._index()
            if self._took("*"):
                precision, numbered = self._star(), False
                if precision is None or precision < 0:
                    precision = None
                    yield "%!(BADPREC)"
            else:
                precision = self._number() or 0
        if not numbered:
            self._index()
        yield self._verb(_Spec(flags, width, precision))

    def _verb(self, spec: _Spec) -> str:
        verb = self._text[self._at : self._at + 1]
        self._at += 1
        if not verb:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        if self._misplaced:
            return f"%!{verb}(BADINDEX)"
        if self._next >= len(self._arguments):
            return f"%!{verb}(MISSING)"
        self._next += 1
        if verb in "vw":
            spec = replace(spec, flags=spec.flags.replace("#", "").replace("+", ""), syntax=spec.has("#"))
        return _printed(verb, spec, self._arguments[self._next - 1])

    def _matched(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match[0]

    def _took(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def _number(self) -> int | None:
        digits = self._matched(_DIGITS)
        if digits is None:
            return None
        if len(digits) <= 7 and int(digits) <= _MOST:
            return int(digits)
        self._at = len(self._text)
        return None

    def _index(self) -> bool:
        """Reads `[2]`, the number of the argument that comes next. True where there was a number."""
        if not self._text.startswith("[", self._at):
            return False
        self._reordered = True
        match = _INDEX.match(self._text, self._at)
        self._at = match.end() if match else self._at + 1
        number = int(match[1]) if match and match[1].isascii() and match[1].isdigit() and len(match[1]) <= 7 else None
        if number is not None and 0 < number <= len(self._arguments):
            self._next = number - 1
        else:
            self._misplaced = True
        return number is not None

    def _star(self) -> int | None:
        if self._next >= len(self._arguments):
            return None
        self._next += 1
        value = self._arguments[self._next - 1]
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST
        return int(value) if whole else None


def _printed(verb: str, spec: _Spec, value: Any) -> str:
    if verb == "T":
        return spec.pad_text(type_name(value))
    if value is None:
        return spec.pad("<nil>") if verb == "v" else f"%!{verb}(<nil>)"
    if isinstance(value, dict | list) and verb != "w":
        return _elements(verb, spec, value)
    # Go asks whole values for an error (%w), elements of lists and maps for any other verb.
    body = None if verb == "w" else _scalar(verb, spec, value)
    return f"%!{verb}({type_name(value)}={_printed('v', spec, value)})" if body is None else body


def _scalar(verb: str, spec: _Spec, value: Any) -> str | None:
    """None where the verb does not fit the value."""
    if isinstance(value, bool):
        return spec.pad(show(value)) if verb in "tv" else None
    if isinstance(value, Named) and verb in "vsqxX" and not spec.syntax:
        return _string(verb, spec, str(value))
    if isinstance(value, int):
        return _integer(verb, spec, int(value))
    if isinstance(value, float):
        return _float(verb, spec, value)
    if isinstance(value, str):
        return _string(verb, spec, value)
    if isinstance(value, GoTime | Location):
        return _string(verb, replace(spec, syntax=False), str(value))
    return spec.pad(show(value)) if verb in "vs" else None


def _elements(verb: str, spec: _Spec, value: Any) -> str:
    """A list or map: the verb goes to each of its elements."""

    def one(element: Any) -> str:
        if element is None:
            return "interface {}(nil)" if spec.syntax else "<nil>"
        return _printed(verb, spec, element)

    def separated(parts: Iterable[str], mark: str) -> str:
        return joined(f"{mark}{part}" if n else part for n, part in enumerate(parts))

    pairs = isinstance(value, dict)
    parts = (f"{one(key)}:{one(value[key])}" for key in sorted(value)) if pairs else map(one, value)
    if spec.syntax:
        return f"{type_name(value)}{{{separated(parts, ', ')}}}"
    return f"{'map' if pairs else ''}[{separated(parts, ' ')}]"


def _integer(verb: str, spec: _Spec, value: int) -> str | None:
    if verb in _BASES:
        return spec.pad(_digits(verb, spec, value), zeros=False)
    character = chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "\N{REPLACEMENT CHARACTER}"
    if verb == "c":
        return spec.pad(character)
    if verb == "q":
        return spec.pad(quoted(character, "'", ascii_only=spec.has("+")))
    if verb == "U":
        shown = f"U+{value % (1 << 64):0{max(4, spec.precision or 0)}X}"
        seen = spec.has("#") and 0 <= value <= 0x10FFFF and character.isprintable()
        return spec.pad(f"{shown} '{character}'" if seen else shown, zeros=False)
    return None


def _digits(verb: str, spec: _Spec, value: int) -> str:
    if spec.precision == 0 and value == 0:
        return ""
    sign = "-" if value < 0 else spec.sign
    fill = spec.precision
    if fill is None:
        fill = (spec.width or 0) - bool(sign) if spec.zeros else 0
    digits = format(abs(value), _BASES[verb]).rjust(fill, "0")
    if spec.has("#"):
        octal = "0" if verb in "oO" and digits[0] != "0" else ""
        digits = _PREFIXES.get(verb, octal) + digits
    if verb == "O":
        digits = "0o" + digits
    return sign + digits


def _float(verb: str, spec: _Spec, value: float) -> str | None:
    write = _FLOATS.get(verb)
    if write is None:
        return None
    if not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "Inf"
        sign = "-" if value < 0 else spec.sign or ("+" if name == "Inf" else "")
        return spec.pad(sign + name, zeros=False)
    if (spec.precision or 0) > 500:
        raise Failure(f"the precision {spec.precision} is too large")
    body = write(abs(value), spec.precision)
    if spec.has("#") and verb != "b":
        body = _with_point(body, (6 if spec.precision is None else spec.precision) if verb in "vgGx" else 0)
    sign = "-" if math.copysign(1, value) < 0 else spec.sign
    if sign and spec.zeros:
        body = body.rjust((spec.width or 0) - 1, "0")
    return spec.pad(sign + body)


def _with_point(body: str, digits: int) -> str:
    """`#` of a float: a point in any case, and zeros up to so many digits."""
    number, exponent = re.fullmatch(r"(0x[^p]*|0X[^P]*|[^eE]*)(.*)", body, re.DOTALL).groups()  # type: ignore[union-attr]
    seen = len(re.sub(r"[.xX]", "", number).lstrip("0"))
    if "." not in number:
        digits -= number == "0"
        number += "."
    return number + "0" * (digits - seen) + exponent


def _general(value: float, precision: int | None) -> str:
    return show_float(value) if precision is None else f"{value:.{precision}g}"


def _places(verb: str) -> Callable[[float, int | None], str]:
    return lambda value, precision: f"{value:.{6 if precision is None else precision}{verb}}"


def _binary(value: float, _precision: int | None) -> str:
    """`4503599627370496p-52`."""
    if value < 2.0**-1022:
        return f"{int(math.ldexp(value, 1074))}p-1074"
    mantissa, exponent = math.frexp(value)
    return f"{int(math.ldexp(mantissa, 53))}p{exponent - 53:+d}"


def _hexadecimal(value: float, precision: int | None) -> str:
    """`0x1.8p+00`."""
    if value == 0:
        return f"0x0{'.' + '0' * precision if precision else ''}p+00"
    mantissa, exponent = math.frexp(value)
    bits, exponent = int(math.ldexp(mantissa, 53)), exponent - 1
    places = 13
    if precision is not None and precision < places:
        # Python's round() takes the even one of two equally near, as Go does; up to 53 bits nothing is lost.
        cut = 4 * (places - precision)
        whole, rest = divmod(bits, 1 << cut)
        half = 1 << (cut - 1)
        bits = whole + (rest > half or (rest == half and whole % 2 == 1))
        places = precision
        if bits >> (4 * places) > 1:
            bits, exponent = bits >> 1, exponent + 1
    fraction = f"{bits & ((1 << 4 * places) - 1):0{places}x}" if places else ""
    fraction = fraction.rstrip("0") if precision is None else fraction.ljust(precision, "0")
    return f"0x1{'.' if fraction else ''}{fraction}p{exponent:+03d}"


_FLOATS: Final[dict[str, Callable[[float, int | None], str]]] = {
    "v": _general,
    "g": _general,
    "G": lambda value, precision: _general(value, precision).upper(),
    "e": _places("e"),
    "E": _places("E"),
    "f": _places("f"),
    "F": _places("f"),
    "b": _binary,
    "x": _hexadecimal,
    "X": lambda value, precision: _hexadecimal(value, precision).upper(),
}


def _string(verb: str, spec: _Spec, text: str) -> str | None:
    if verb == "q" or (verb == "v" and spec.syntax):
        text = text[: spec.precision]
        if spec.has("#") and not re.search("[\0-\x08\x0a-\x1f`\x7f\ufeff]", text):
            return spec.pad(f"`{text}`")
        return spec.pad(quoted(text, '"', ascii_only=spec.has("+")))
    if verb in "vs":
        return spec.pad_text(text)
    if verb in "xX":
        raw = text.encode()[: spec.precision]
        prefix = "0x" if spec.has("#") and raw else ""
        shown = f" {prefix}".join(f"{byte:02x}" for byte in raw) if spec.has(" ") else raw.hex()
        return spec.pad(prefix + shown if verb == "x" else (prefix + shown).upper())
    return None
