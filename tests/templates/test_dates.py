"""Functions of dates; each with its cases is in tests/query/template_functions.yml."""

import pytest

from kit.stepped_clock import SteppedClock
from whodid.templates import dates
from whodid.templates.go_time import GoTime


def test_what_is_no_date_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "_CLOCK", SteppedClock(1_767_607_200_000_000_000))
    for value in ("x", None, True):
        assert dates.date("2006-01-02 15:04", value) == "2026-01-05 10:00"
    assert dates.date("2006", 0) == "1970"


def test_epochs_count_units() -> None:
    assert dates.epoch(10**6)(GoTime(1, 500_000_000)) == "1500"
