"""Going on by instants: every record once, however instants repeat or run backwards, from any place, twice in a row."""

from hypothesis import given
from hypothesis import strategies as st

from whodid.sources import resume
from whodid.sources.resume import Resume

STEP_NS = resume.SLACK_NS // 4
INSTANTS = st.lists(st.integers(-3, 6), max_size=60).map(
    # A clock that may repeat, jump, and run backwards by less than the slack.
    lambda steps: [10**18 + max(0, sum(steps[:at]) + max(-2, step)) * STEP_NS for at, step in enumerate(steps)]
)


def answer(log: list[tuple[int, int]], since_ns: int, filters: bool) -> list[tuple[int, int]]:
    """As engines do it: old ones filter, newer ones send all from the first record on that is not older."""
    if filters:
        return [record for record in log if record[0] >= since_ns]
    first = next((at for at, record in enumerate(log) if record[0] >= since_ns), len(log))
    return log[first:]


def disorderly(instants: list[int]) -> list[tuple[int, int]]:
    """Numbered; each runs back at most by the slack behind the newest before."""
    newest, out = 0, []
    for number, ns in enumerate(instants):
        out.append((max(ns, newest - resume.SLACK_NS + 1), number))
        newest = max(newest, ns)
    return out


@given(INSTANTS, st.lists(st.integers(0, 60), max_size=5), st.booleans(), st.sampled_from([1, 3, 256]))
def test_every_record_once(instants: list[int], stops: list[int], filters: bool, few: int) -> None:
    log = disorderly(instants)
    resume._FEW, before = few, resume._FEW
    try:
        written: list[int] = []
        cursor = ""
        for stop in [*sorted(stop % (len(log) + 1) for stop in stops), len(log)]:
            place = Resume(cursor)
            for ns, number in answer(log[:stop], place.since_ns, filters):
                if place.is_new(ns):
                    written.append(number)
                    cursor = place.cursor
        assert written == list(range(len(log)))
    finally:
        resume._FEW = before


@given(INSTANTS.filter(bool), st.integers(0, 60), st.integers(0, 60))
def test_what_was_rotated_away_takes_nothing_newer_along(instants: list[int], stop: int, gone: int) -> None:
    log = [(ns + number, number) for number, ns in enumerate(sorted(instants))]
    stop %= len(log) + 1
    first, cursor = Resume(), ""
    for ns, _ in log[:stop]:
        first.is_new(ns)
        cursor = first.cursor
    second = Resume(cursor)
    left = answer(log[gone % (len(log) + 1) :], second.since_ns, filters=True)
    assert [number for ns, number in left if second.is_new(ns)] == [number for _, number in left if number >= stop]


def test_the_place_stays_small_and_moves_on() -> None:
    place = Resume()
    for number in range(20_000):
        assert place.is_new(10**18 + number * 1_000_000)
    assert place.since_ns > 10**18 + 10_000 * 1_000_000
    assert len(place._instants) < 10_000


def test_an_unfinished_line_is_asked_for_again() -> None:
    place = Resume()
    for number in range(20_000):
        place.is_new(10**18 + number * 1_000_000, oldest_unfinished_ns=10**18 + 5_000_000)
    assert place.since_ns <= 10**18 + 5_000_000


def test_a_clock_that_was_set_back_is_bounded() -> None:
    resume._MANY, before = 1000, resume._MANY
    try:
        place = Resume()
        place.is_new(2 * 10**18)
        for number in range(5000):
            assert place.is_new(10**18 + number)
        assert len(place._instants) < 3000
        assert place.cursor == f"0/5001/{2 * 10**18}"
    finally:
        resume._MANY = before


def test_a_cursor_that_is_none_begins_at_the_beginning() -> None:
    for cursor in ("", "x", "1/2", "1/2/3/4", "1/-2/3", "²/2/3", "1/2/" + "9" * 30):
        assert Resume(cursor).since_ns == 0
