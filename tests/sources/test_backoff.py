"""Waiting times: doubling up to a bound, short again after a success."""

from whodid.sources.backoff import Backoff


def test_it_doubles_up_to_a_bound_and_begins_again() -> None:
    backoff = Backoff(1.0, 5.0)
    waits = [backoff.next_s() for _ in range(5)]
    for wait, around in zip(waits, [1, 2, 4, 5, 5], strict=True):
        assert 0.8 * around <= wait <= 1.2 * around
    backoff.reset()
    assert backoff.next_s() <= 1.2
