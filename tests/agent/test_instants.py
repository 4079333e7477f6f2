"""Instants of a path's records: the stated one, strictly rising within its second."""

import pytest

from whodid.agent.instants import Instants
from whodid.model.clock import MILLISECOND, SECOND

NOW = 5_000 * SECOND
CASES = {
    # name: (what the records state, what they get)
    "as stated": ([10 * SECOND, 11 * SECOND], [10 * SECOND, 11 * SECOND]),
    "whole seconds": ([10 * SECOND] * 3, [10 * SECOND, 10 * SECOND + 1, 10 * SECOND + 2]),
    "slightly out of order": (
        [10 * SECOND + 5 * MILLISECOND, 10 * SECOND + 4 * MILLISECOND],
        [10 * SECOND + 5 * MILLISECOND, 10 * SECOND + 5 * MILLISECOND + 1],
    ),
    "never into another second": ([10 * SECOND, 9 * SECOND], [10 * SECOND, 9 * SECOND]),
    "a second that comes again": (
        [10 * SECOND, 9 * SECOND, 10 * SECOND, 9 * SECOND, 11 * SECOND, 10 * SECOND],
        [10 * SECOND, 9 * SECOND, 10 * SECOND + 1, 9 * SECOND + 1, 11 * SECOND, 10 * SECOND + 2],
    ),
    "clock set back": ([4000 * SECOND, 400 * SECOND], [4000 * SECOND, 400 * SECOND]),
    "no stamp after one with a stamp": ([10 * SECOND, None, None], [10 * SECOND, 10 * SECOND + 1, 10 * SECOND + 2]),
    "a log without stamps": ([None, None], [NOW, NOW + 1]),
}


@pytest.mark.parametrize("name", CASES)
def test_assign(name: str) -> None:
    stated, expected = CASES[name]
    instants = Instants()
    assert instants.assign_all(stated, NOW) == expected
    one_by_one = Instants()
    assert [ns for state in stated for ns in one_by_one.assign_all([state], NOW)] == expected
    assert (one_by_one.last_ns, one_by_one.stated) == (instants.last_ns, instants.stated)


def test_goes_on_where_the_acknowledged_ones_ended() -> None:
    assert Instants(last_ns=10 * SECOND + 7, stated=True).assign_all([10 * SECOND], NOW) == [10 * SECOND + 8]


def test_a_clock_that_was_ahead_and_is_set_back() -> None:
    """Else what states no instant would stay in the future, where the server takes nothing."""
    instants = Instants(last_ns=NOW + 86_400 * SECOND, stated=True)
    assert instants.assign_all([None, NOW, None], NOW) == [NOW + 1, NOW + 2, NOW + 3]
    instants = Instants(last_ns=NOW + 86_400 * SECOND)
    assert instants.assign_all([None, None], NOW) == [NOW + 1, NOW + 2]
    assert instants.assign_all([None], NOW - 60 * SECOND) == [NOW + 3]  # a little: their order is kept
