"""How often everything is looked at: as often as it costs next to nothing, whatever the number of files. Pure.

Between such looks only what the kernel names is looked at (docs/design/0014).
"""

QUIET_REST = 200
"""Looking at everything, just in case, takes one part in so many of the time: half a percent of a core."""
BLIND_REST = 50
"""Where no change is told, it is all there is: two percent."""
URGENT_REST = 20
"""Where something has come or gone: five percent at most, however often that happens."""
MOST_S = 10.0
"""Longer than that nothing goes unnoticed, whatever it costs."""
URGENT_MOST_S = 1.0


class Rhythm:
    """When everything is looked at that nobody has asked for."""

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._ended_s = float("-inf")
        self._took_s = 0.0

    def is_due(self, now_s: float, blind: bool) -> bool:
        """`blind`: not every change is told."""
        rest = BLIND_REST if blind else QUIET_REST
        return now_s >= self._ended_s + max(self._least_s, min(self._took_s * rest, MOST_S))

    def took(self, begin_s: float, end_s: float) -> None:
        """It was done."""
        self._ended_s, self._took_s = end_s, end_s - begin_s


class Urgency:
    """Whether one source wants to be looked at as a whole, and may."""

    __slots__ = ("_not_before_s", "wanted")

    def __init__(self) -> None:
        self.wanted = True  # it was never looked at
        self._not_before_s = float("-inf")

    def may(self, now_s: float) -> bool:
        return self.wanted and now_s >= self._not_before_s

    def took(self, begin_s: float, end_s: float) -> None:
        """It was done."""
        self.wanted = False
        self._not_before_s = end_s + min((end_s - begin_s) * URGENT_REST, URGENT_MOST_S)
