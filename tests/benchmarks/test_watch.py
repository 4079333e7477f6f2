"""What is made of looks at a server: thirds of a gauge, paces of a counter."""

import pytest

from benchmarks.watch import Course


def course() -> Course:
    found = Course()
    for second in range(31):
        found.add(float(second), {"parts": 4.0 if second < 10 else 8.0, "bytes": float(second**2)})
    return found


def test_a_gauge_by_thirds() -> None:
    assert course().thirds("parts") == (4.0, 8.0)


def test_a_counter_by_what_it_gains() -> None:
    first, last = course().paces("bytes")
    assert (first, last) == (pytest.approx(10), pytest.approx(50))
    assert course().pace("bytes") == pytest.approx(30)


def test_without_the_warming_up() -> None:
    later = course().since(10)
    assert (later.at_s[0], len(later.at_s)) == (10, 21)
    assert later.thirds("parts") == (8.0, 8.0)
    assert course().since(99).at_s == []
