"""How long to wait before the next attempt: doubling, with a little chance, and short again after a success."""

import random
from typing import Final

FIRST_S: Final = 0.25
MOST_S: Final = 30.0


class Backoff:
    """Waiting times of one thing that is tried again."""

    def __init__(self, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def next_s(self) -> float:
        """How long to wait now; twice as long the next time."""
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, self._most_s)
        return wait_s * random.uniform(0.8, 1.2)

    def reset(self) -> None:
        """It has worked."""
        self._next_s = self._first_s
