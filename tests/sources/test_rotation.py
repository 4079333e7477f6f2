"""What a look at a followed file means, as a table."""

import pytest

from whodid.sources.rotation import LINGER_S, Action, Seen, decide

CASES = {
    # name: (offset, size, head same, named, silent seconds, action)
    "grown": (10, 20, True, True, 0, Action.READ),
    "still": (10, 10, True, True, 1e9, Action.WAIT),
    "renamed with unread bytes": (10, 20, True, False, 1e9, Action.DRAIN),
    "renamed and read, writer may come back": (10, 10, True, False, LINGER_S - 1, Action.WAIT),
    "renamed, read and silent": (10, 10, True, False, LINGER_S, Action.GONE),
    "shrunk": (10, 3, True, True, 0, Action.TRUNCATED),
    "emptied": (10, 0, True, True, 0, Action.TRUNCATED),
    "rewritten longer in place": (10, 50, False, True, 0, Action.TRUNCATED),
    "rewritten to the same length": (10, 10, False, True, 0, Action.TRUNCATED),
    "empty from the start": (0, 0, True, True, 0, Action.WAIT),
}


@pytest.mark.parametrize("name", CASES)
def test_decide(name: str) -> None:
    offset, size, same, named, silent_s, action = CASES[name]
    assert decide(offset, Seen(size, same, named, silent_s)) is action
