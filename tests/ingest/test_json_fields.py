"""Which day and which names are written beside the lines. That it is done in quiet moments: test_indexing.py."""

from collections.abc import AsyncIterator, Sequence

import pytest

from kit.chdb_store import shared_store
from whodid.ingest.json_fields import LINES_BEFORE_START, MOST_VALUES, SAMPLED, JsonFields
from whodid.store.sql import LINE_COLUMNS, quote

DAY = 11_113
LINES = 40 * MOST_VALUES * SAMPLED


class Asked:
    """The real store; remembers for which names a value was asked, and writes nothing."""

    def __init__(self, last_seq: int = LINES) -> None:
        self.names: list[list[str]] = []
        self.written: list[str] = []
        self.last_seq = last_seq
        self.fields = JsonFields(self, lambda: self.last_seq, self.of_line)  # type: ignore[arg-type]

    def of_line(self, names: Sequence[str]) -> str:
        self.names.append(list(names))
        return "([], [])"

    async def select(self, sql: str) -> object:
        # Only this day: other tests' lines are in the same store.
        ours = f"FROM system.parts WHERE partition_id = '{DAY}' AND"
        return await shared_store().select(sql.replace("FROM system.parts WHERE", ours))

    async def write(self, sql: str) -> int:
        self.written.append(sql)
        return 0


@pytest.fixture
async def lines() -> AsyncIterator[None]:
    """Names of every kind, in the lines of a day."""
    members = {
        "level": "['INFO', 'ERROR'][1 + number % 2]",
        "many": "toString(number)",
        "some": f"toString(intDiv(number, {SAMPLED}) % {MOST_VALUES})",
        "too_many": f"toString(intDiv(number, {SAMPLED}) % {MOST_VALUES + 1})",
        "long": "repeat('x', 100)",
        "it's": "'5'",
    }
    keys = {quote(f'"{name}":"'): value for name, value in members.items()}
    text = ", ',', ".join(f"{key}, {value}, '\"'" for key, value in keys.items())
    await shared_store().write(
        f"INSERT INTO lines ({LINE_COLUMNS}) SELECT 7, {DAY} * 86400000000000 + number, number + 1, "
        f"concat('{{', {text}, '}}'), map(), '', 0 FROM numbers({LINES})"
    )
    yield
    await shared_store().write(f"ALTER TABLE lines DROP PARTITION {DAY}")


@pytest.mark.usefixtures("lines")
async def test_names_with_few_short_values_are_written_once() -> None:
    asked = Asked()
    await asked.fields.fill(LINES + 1)
    assert asked.names == [], "too few lines"
    await asked.fields.fill(LINES)
    assert asked.names == [["it's", "level", "some"]]
    assert f"IN PARTITION ID '{DAY}' WHERE seq > {LINES - LINES_BEFORE_START} AND seq <= {LINES} " in asked.written[0]
    await asked.fields.fill(1)
    assert len(asked.written) == 1, "nothing is new"


@pytest.mark.usefixtures("lines")
async def test_what_came_long_before_the_start_is_not_looked_at() -> None:
    asked = Asked(LINES + LINES_BEFORE_START)
    await asked.fields.fill(1)
    assert (asked.names, asked.written) == ([], [])


async def test_a_store_without_lines_is_left_alone() -> None:
    asked = Asked()
    await asked.fields.fill(0)
    assert asked.written == []
