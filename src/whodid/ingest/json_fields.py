"""When what `| json` finds is written beside the lines (column `json_fields`): in quiet moments, for settled lines.

Dashboards ask of JSON lines what few names tell: level, status, path, user. To find these in a text the engine must
unpack it and prove that it is sound, for each question anew. Here it is done once: a sample says which names of a day's
new lines take few values, and one statement writes these for all of them. What the values mean, and which lines have
none, is said in query/columns/json_fields.py, whose SQL is a parameter. Called by indexing.py, which knows when it is
quiet and that nothing else changes the parts.
"""

from collections.abc import Callable, Sequence

from whodid.store.sql import quote
from whodid.store.store import Store

MOST_NAMES = 16
"""Beside a line: a few bytes each before packing."""
MOST_VALUES = 64
"""In the sample. More are read out of the text as fast, and would take disk."""
LONGEST_VALUE = 64
"""Characters of JSON."""
SAMPLED = 29
"""One in so many lines."""
LINES_BEFORE_START = 2_000_000
"""What came earlier than these before the server started is not looked at again."""

_DAYS = "SELECT partition_id AS day, sum(rows) AS lines FROM system.parts WHERE active AND table = 'lines' GROUP BY day"


class JsonFields:
    """Remembers how far each day was looked at."""

    def __init__(self, store: Store, last_seq: Callable[[], int], of_line: Callable[[Sequence[str]], str]) -> None:
        self._store, self._last_seq, self._of_line = store, last_seq, of_line
        self._begin_seq = last_seq() - LINES_BEFORE_START
        self._looked: dict[str, tuple[int, int]] = {}
        """By day: how many lines there were, and up to which number."""

    async def fill(self, least_lines: float) -> None:
        """Begins to write for the day with the most new lines, if it has `least_lines`. Raises StoreError."""
        upto = self._last_seq()
        days = {row["day"]: row["lines"] for row in (await self._store.select(_DAYS)).to_pylist()}
        new = {day: lines - self._looked.get(day, (0, 0))[0] for day, lines in days.items()}
        day = max(new, key=lambda day: new[day], default=None)
        if day is None or new[day] < least_lines:
            return
        after = self._looked.get(day, (0, self._begin_seq))[1]
        where = f"seq > {after} AND seq <= {upto} AND empty(json_fields.names) AND startsWith(line, '{{')"
        if names := await self._names(day, where):
            value = self._of_line(names)
            await self._store.write(
                f"ALTER TABLE lines UPDATE json_fields = {value} IN PARTITION ID {quote(day)} WHERE {where}\n"
                "SETTINGS mutations_sync = 0"
            )
        self._looked = {known: seen for known, seen in self._looked.items() if known in days}
        self._looked[day] = (days[day], upto)

    async def _names(self, day: str, where: str) -> list[str]:
        """Top-level names with few values and ten lines to each of them, the most frequent first."""
        table = await self._store.select(
            f"""SELECT pair.1 AS name, count() AS lines, uniqExact(pair.2) AS values
            FROM (
                SELECT arrayJoin(JSONExtractKeysAndValuesRaw(line)) AS pair FROM lines
                WHERE _partition_id = {quote(day)} AND {where} AND seq % {SAMPLED} = 0
            )
            GROUP BY name
            HAVING values <= least({MOST_VALUES}, lines / 10) AND max(length(pair.2)) <= {LONGEST_VALUE}
            ORDER BY lines DESC, name LIMIT {MOST_NAMES}"""
        )
        return [str(name) for name in table["name"].to_pylist()] if table.num_rows else []
