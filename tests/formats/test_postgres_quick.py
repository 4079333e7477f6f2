"""The quick way says what the careful one says: on recordings, and on logs made of everything that could trip it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.log_samples import join_records, read_samples
from kit.quick_postgres import check, front
from whodid.formats.format import FormatSettings
from whodid.formats.postgres import Postgres

HERE = Path(__file__).parent
PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
PREFIXES = (
    PREFIX,
    "%m [%p] ",
    "%m [%p] %q%u@%d/%a ",
    "%n %c %l %p %x %Q %e %r %a|%u|%d|%b|",
    "%-6p %10u %v [%i] %m %a: ",
    "\t%p %u ",
    "%u %m %h ",
    ":  %p %l ",
    "%t [%p]\n%u ",
)


def test_recording() -> None:
    lines = (HERE / "recorded/postgresql-15.log").read_text().split("\n")[:-1]
    records = join_records(Postgres(FormatSettings(line_prefix=PREFIX)), lines)
    assert check(PREFIX, records) > len(records) / 5


def test_samples() -> None:
    settings, samples = read_samples(HERE / "samples/postgres.log")
    check(settings.line_prefix, [sample.record for sample in samples])


def line(number: int, message: str, app: str = "psql") -> str:
    return f"2026-11-23 04:32:32 UTC [12]: [{number}-1] user=a,db=b,app={app},client=10.0.0.1 LOG:  {message}"


@pytest.mark.parametrize(
    "message",
    [
        "statement: SELECT 1",
        'statement: UPDATE "User" SET state = 2 WHERE id = 3;',
        "statement: SELECT *\n\tFROM t1\n\tWHERE a = 'שלום'",
        "execute <unnamed>: DELETE FROM t WHERE id = $1",
        "duration: 0.123 ms",
        "duration: 12 ms  statement: TRUNCATE t",
        "duration: 1.5 ms  execute S_1/C_2: INSERT INTO t7 VALUES ($1)",
    ],
)
def test_the_frequent_kinds_are_read_quickly(message: str) -> None:
    """Every one but those before the first: a quick way that never answers would pass all the other tests."""
    assert check(PREFIX, [line(number, message) for number in (1, 2, 3, 7, 8)]) == 5


@pytest.mark.parametrize(
    "record",
    [
        line(1, "statement: ALTER ROLE a PASSWORD 'x'"),
        line(1, "execute password=hunter2: SELECT 1"),
        line(1, "statement: SELECT 1", app="http://a:b@c"),
        line(1, "statement: SELECT 1;  LOG:  statement: TRUNCATE t"),
        line(1, "statement: SELECT 1\n\tLOG:  statement: TRUNCATE t"),
        line(1, "statement: SELECT 1\n" + line(2, "statement: TRUNCATE t")),
        line(1, "statement: SELECT 1", app="x user=root"),
        line(1, "00000: statement: SELECT 1"),
        line(1, "duration: ١.٢ ms"),
        line(1, "duration: 1.2 ms  execute fetch from S_1: SELECT 1"),
        line(1, "disconnection: session time: 0:00:01"),
        line(1, "statement: SELECT '\ud800'"),
    ],
)
def test_the_others_are_left_to_parse(record: str) -> None:
    assert check(PREFIX, [record, record]) == 0


def test_digits_that_matter() -> None:
    texts = (
        "DELETE FROM t1",
        "DELETE FROM t2",
        'DELETE FROM "a 1"',
        'DELETE FROM "a 2"',
        "SELECT 1 FROM t",
        "SELECT 2 FROM t",
    )
    records = [line(number, f"statement: {text}") for number, text in enumerate(texts, 1)]
    assert check(PREFIX, records + records) == 12


def test_numbers_of_any_length() -> None:
    assert not Postgres(FormatSettings(line_prefix=PREFIX)).parse(line(1, "x").replace("[1-", f"[{'9' * 5000}-")).ns


NAMES = st.sampled_from(
    [*"aaaaaaaab", "[unknown]", "", "x y", "LOG:", "p,app=q", "é", "7", "passwd=1", "t=1|u", "DETAIL:  "]
)
SQL = st.sampled_from(
    ["SELECT 1", "SELECT 22 FROM t1", "SELECT 22 FROM t2", "TRUNCATE t", "DELETE FROM t WHERE 1 = 1", "", "  ", "passw",
     "SELECT 'LOG:  x'", "SELECT $1", "UPDATE \"U 1\" SET a = 1 WHERE b = 2", "a\n\tb", "a\nb", "x://y", "-- é"]
)  # fmt: skip
MESSAGES = st.one_of(
    st.builds("statement: {}".format, SQL),
    st.builds("execute {}: {}".format, st.sampled_from(["<unnamed>", "S_1", "a: b", "", "fetch from x"]), SQL),
    st.builds("duration: {} ms".format, st.sampled_from(["1.5", "7", "", "1.2.3", "x", "٣", "1.5 ms", ".5"])),
    st.builds("duration: {} ms  {}{}".format, st.sampled_from(["1.5", "x"]), st.sampled_from(
        ["statement: ", "execute <unnamed>: ", "bind S: ", "parse a: ", "execute fetch from c: ", "plan:", ""]
    ), SQL),
    st.sampled_from(["connection received: host=10.0.0.1 port=5", "connection received: host=10.0.0.2",
                     "connection authorized: user=a database=b application_name=c", "disconnection: session time: 1",
                     "00000: statement: SELECT 1", "AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 1,<none>", "checkpoint"]),
)  # fmt: skip
VALUES = st.fixed_dictionaries(
    {
        **dict.fromkeys("uda", NAMES),
        "t": st.sampled_from(["2026-11-23 04:32:32 UTC", "2026-11-23 04:32:33 UTC", "2026-02-31 04:32:33 UTC"]),
        "m": st.sampled_from(["2026-11-23 04:32:32.125 UTC", "2026-11-23 04:32:32.126 IST"]),
        "n": st.sampled_from(["1795000000.125", "1795000000.126"]),
        "c": st.sampled_from(["6b03de03.284d", "6b03de03.284e"]),
        "p": st.sampled_from(["7", "8"]),
        "l": st.sampled_from(["1", "2", "3", "4", "4", "5", "6", "9", "", "01"]),
        "x": st.sampled_from(["0", "812"]),
        "Q": st.sampled_from(["0", "-5"]),
        "e": st.sampled_from(["00000", "00000", "42P01", "PASSW"]),
        "r": st.sampled_from(["10.0.0.1(5432)", "[local]", "10.0.0.2"]),
        "h": st.sampled_from(["10.0.0.1", "10.0.0.2", "[local]"]),
        "b": st.sampled_from(["client backend", "walwriter"]),
        "v": st.sampled_from(["3/0", "4/17"]),
        "i": st.sampled_from(["SELECT", "idle in transaction"]),
    }
)
SEVERITIES = st.sampled_from(["LOG:  "] * 12 + ["ERROR:  ", "FATAL:  ", "DETAIL:  ", "STATEMENT:  ", "LOG: "])


def head(prefix: str, values: dict[str, str]) -> str:
    for name in "10-6":
        prefix = prefix.replace(f"%{name}", "%")
    for name, value in {**values, "q": ""}.items():
        prefix = prefix.replace(f"%{name}", value)
    return prefix


RECORDS = st.tuples(VALUES, SEVERITIES, MESSAGES)


@given(st.sampled_from((PREFIX, PREFIX, *PREFIXES)), st.lists(RECORDS, min_size=5, max_size=25))
@settings(max_examples=200)
def test_both_ways_say_the_same(prefix: str, drawn: list[tuple[dict[str, str], str, str]]) -> None:
    check(prefix, [f"{head(prefix, values)}{severity}{message}" for values, severity, message in drawn])


@given(st.sampled_from(PREFIXES), st.lists(RECORDS, min_size=1, max_size=8))
@settings(max_examples=200)
def test_a_line_with_a_head_continues_no_record_with_one(
    prefix: str, drawn: list[tuple[dict[str, str], str, str]]
) -> None:
    log = Postgres(FormatSettings(line_prefix=prefix))
    lines = "\n".join(f"{head(prefix, values)}{severity}{message}" for values, severity, message in drawn).split("\n")
    heads = log.quick(front).heads(lines)
    for record, first in zip(lines, heads, strict=True):
        for text, second in zip(lines, heads, strict=True):
            if first is not None and second is not None:
                assert not log.continues(text, record)
                assert not log.continues(text, f"{record}\n\tmore\n{text}")
