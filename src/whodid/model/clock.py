"""Time: the `Clock` protocol, the real clock, and Prometheus durations.

Instants are integers of nanoseconds since 1970-01-01 UTC everywhere in whodid. Nobody but this module and the
composition roots reads the system's clock; tests pass a clock of their own.
"""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
_UNIT_NS = {
    "ms": MILLISECOND,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86_400 * SECOND,
    "w": 7 * 86_400 * SECOND,
    "y": 365 * 86_400 * SECOND,
}
_DURATION = re.compile(
    r"(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?"
)
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_MOST_NS = (1 << 63) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What time it is, and waiting. `now_ns` is wall time in ns, `monotonic_s` never goes backwards (seconds)."""

    def now_ns(self) -> int: ...
    def monotonic_s(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def parse_duration(text: str) -> int:
    """Nanoseconds of a Prometheus duration (`5m`, `1h30m`, `250ms`, `1d`, `0`). Raises ValueError for anything else.

    Grammar: Prometheus model.ParseDuration – units in falling order, each at most once, no fractions, no sign.
    """
    if text == "0":
        return 0
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"not a valid duration string: {text!r}")
    units = ("y", "w", "d", "h", "m", "s", "ms")
    duration_ns = sum(int(n) * _UNIT_NS[u] for n, u in zip(match.groups(), units, strict=True) if n)
    if duration_ns > _MOST_NS:
        raise ValueError(f"duration out of range: {text!r}")
    return duration_ns


def format_duration(duration_ns: int) -> str:
    """A duration as Prometheus prints it: `90m` is `1h30m`, zero is `0s`. Below a millisecond is cut off."""
    rest = abs(duration_ns) // MILLISECOND * MILLISECOND
    out = "-" if duration_ns < 0 and rest else ""
    for unit in ("y", "w", "d", "h", "m", "s", "ms"):
        # Years and weeks are printed only when nothing smaller remains: 90d reads better than 12w6d.
        if unit in ("y", "w") and rest % _UNIT_NS[unit]:
            continue
        count, rest = divmod(rest, _UNIT_NS[unit])
        out += f"{count}{unit}" if count else ""
    return out or "0s"


def to_datetime(ns: int) -> datetime:
    """The UTC datetime of an instant, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def format_rfc3339(ns: int, *, fraction: bool = True) -> str:
    """RFC 3339 in UTC as Go's RFC3339Nano prints it: no trailing zeros. Without `fraction`, whole seconds."""
    seconds, rest = divmod(ns, SECOND)
    stamp = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    tail = f".{rest:09d}".rstrip("0") if fraction and rest else ""
    return f"{stamp}{tail}Z"


def parse_rfc3339(text: str) -> int:
    """Nanoseconds of an RFC 3339 instant with up to nine fraction digits. Raises ValueError."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 instant: {text!r}")
    stamp, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    moment = datetime.fromisoformat(stamp.upper().replace("T", " ") + zone)
    return int((moment - _EPOCH).total_seconds()) * SECOND + int((fraction or "0").ljust(9, "0"))
