"""The text of the statements; what they mean is tested with the engine."""

from whodid.query import statements
from whodid.query.grid import Window
from whodid.query.planner import Plan

PLAN = Plan({1: {}, 2: {}}, ("(x > 1)",), ("y", "z"), (), False, True)


def test_a_page_reads_the_key_and_continues_behind_a_row() -> None:
    sql = statements.page(PLAN, 10, 20, newest_first=True, after=(15, 7), rows=3)
    assert sql.splitlines()[1:] == [
        "FROM lines",
        "WHERE stream_id IN (1, 2)",
        "  AND ts >= 10",
        "  AND ts < 20",
        "  AND (x > 1)",
        "  AND (ts, seq) < (15, 7)",
        "ORDER BY ts DESC, seq DESC",
        "LIMIT 3",
    ]


def test_counts_group_by_what_is_asked_and_tell_suspects() -> None:
    pieces, pairs = Window(1, 100, 10, 5, 3), Window(1, 10**6, 10**6 - 7, 5, 3)
    sql = statements.counts(PLAN, pieces, by_stream=False, keys=["metadata['it\\'s']"], with_bytes=False)
    assert "countIf(y OR z) AS suspect" in sql and sql.endswith("GROUP BY key_0, piece")
    assert statements.counts(PLAN, pairs, by_stream=True, keys=[], with_bytes=True).endswith("stream_id, first, last")
    assert statements.metadata_key("it's") == "metadata['it\\'s']"
    assert statements.metadata_key("detected_level") == "detected_level"


def test_committed_and_last_lines() -> None:
    assert "seq >= 5\n  AND seq <= 9\n  AND stream_id IN (1, 2)\n  AND (c)" in statements.committed(
        5, 9, [1, 2], ["(c)"]
    )
    assert "stream_id = 1\n" in statements.committed(5, 9, [1])
    assert statements.last_lines([1], 2, 3).endswith("GROUP BY stream_id")
