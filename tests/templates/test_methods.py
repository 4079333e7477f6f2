"""Instants answer as Go's time.Time does."""

import pytest

from whodid.templates.go_time import ZERO, GoTime
from whodid.templates.methods import METHODS

TIME = GoTime(1_767_607_205, 123_456_789)
ANSWERS = {
    "Unix": 1_767_607_205,
    "UnixMilli": 1_767_607_205_123,
    "UnixMicro": 1_767_607_205_123_456,
    "UnixNano": 1_767_607_205_123_456_789,
    "Year": 2026,
    "Month": "January",
    "Day": 5,
    "Hour": 10,
    "Minute": 0,
    "Second": 5,
    "Nanosecond": 123_456_789,
    "Weekday": "Monday",
    "YearDay": 5,
    "IsZero": False,
    "UTC": TIME,
    "Local": TIME,
    "String": "2026-01-05 10:00:05.123456789 +0000 UTC",
}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods(name: str) -> None:
    method = METHODS[name].call
    if name in ANSWERS:
        assert method(TIME) == ANSWERS[name]
    elif name == "Format":
        assert method(TIME, "05.000") == "05.123"
    else:
        assert [method(ZERO, TIME), method(TIME, TIME)] == {"Before": [True, False], "After": [False, False]}.get(
            name, [False, True]
        )
