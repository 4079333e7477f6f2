"""Pipelines for tests: on a clock that stands still, with dice that always show the same."""

from collections.abc import Sequence

from kit.stepped_clock import SteppedClock
from whodid.promtail import Pipeline

NOW_NS = 1_767_607_200 * 10**9
"""2026-01-05 10:00 UTC."""


class _Made:
    """Makes a pipeline; `clock` is that of the last one."""

    clock = SteppedClock(NOW_NS)

    def __call__(self, stages: Sequence[object], chance: float = 0.5) -> Pipeline:
        self.clock = clock = SteppedClock(NOW_NS)
        return Pipeline(stages, job="shop", now_ns=clock.now_ns, monotonic_s=clock.monotonic_s, random=lambda: chance)


made = _Made()
