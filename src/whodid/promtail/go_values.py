"""Values as Promtail's stages hand them on: a float, a text, a boolean or nothing, and what each is as text or number.

JSON brings floats only, as in Go. Source: Promtail's documentation and behaviour, Go's strconv and time.
"""

from whodid.model.go_numbers import parse_duration_s, parse_float
from whodid.model.go_text import plain_float


def as_text(value: object) -> str | None:
    """The value as text; None for what has none (null)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return plain_float(value)
    return str(value) if isinstance(value, int) else None


def as_float(value: object) -> float | None:
    """The value as a number: texts may be numbers or durations (`0.5ms`, in seconds); None for what is none."""
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    for read in (parse_float, parse_duration_s):
        try:
            return read(value)
        except ValueError:
            continue
    return None


def is_utf8(text: str) -> bool:
    """Whether a text can be a label's value: a lonely half of a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
