"""log_line_prefix: every escape of PostgreSQL 13 to 18, prefixes seen in the wild, and what cannot be a prefix."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.log_samples import join_records
from kit.postgres_server import head
from whodid.formats import FormatError, FormatSettings, make_format
from whodid.model.clock import parse_rfc3339

# prefix, the head of a line, what it must give
PREFIXES = [
    ("%m [%p] ", "2026-11-23 04:32:32.123 UTC [12] ", {"pid": "12"}),
    ("%m [%p] %q%u@%d ", "2026-11-23 04:32:32.123 UTC [12] bob@shop ", {"pid": "12", "user": "bob", "db": "shop"}),
    ("%m [%p] %q%u@%d ", "2026-11-23 04:32:32.123 UTC [12] a@b.example@shop ", {"user": "a@b.example", "db": "shop"}),
    ("%m [%p] %q%u@%d ", "2026-11-23 04:32:32.123 UTC [12] ", {"pid": "12"}),
    ("%m [%p] %q[user=%u,db=%d,app=%a] ", "2026-11-23 04:32:32.123 UTC [12] [user=b,db=s,app=psql] ",
     {"user": "b", "db": "s", "app": "psql"}),
    ("%t:%r:%u@%d:[%p]:", "2026-11-23 04:32:32 UTC:10.0.0.1(5432):bob@shop:[12]:",
     {"client": "10.0.0.1", "port": "5432", "user": "bob", "db": "shop", "pid": "12"}),
    ("%t:%r:%u@%d:[%p]:", "2026-11-23 04:32:32 UTC:2001:db8::1(5432):bob@shop:[12]:",
     {"client": "2001:db8::1", "port": "5432"}),
    ("%t:%r:%u@%d:[%p]:", "2026-11-23 04:32:32 UTC:[local]:bob@shop:[12]:", {"client": "[local]", "user": "bob"}),
    ("%h:%p ", "2001:db8::1:123 ", {"client": "2001:db8::1", "pid": "123"}),
    ("%c %l %s %v %x %e %i %b %L %P %Q ", "6b03c1e0.2d7a 5 2026-11-23 04:32:32 UTC 3/17 741 42P01 SELECT client backend"
     " 10.0.0.9  -77 ",
     {"session": "6b03c1e0.2d7a", "line_no": "5", "txid": "741", "sqlstate": "42P01", "query_id": "-77"}),
    ("%x %e %Q %b ", "0 00000 0 checkpointer ", {"backend": "checkpointer"}),
    ("%-10u|%5p|%10d|", "bob       |   12|      shop|", {"user": "bob", "pid": "12", "db": "shop"}),
    ("%n %p ", "1795408352.025 12 ", {"pid": "12"}),
    ("%%%p%% ", "%12% ", {"pid": "12"}),
    ("<%m|%a>", "<2026-11-23 04:32:32.123 +0530|my app, v2 (x)>", {"app": "my app, v2 (x)"}),
    ("%u%d %p ", "bobshop 12 ", {"pid": "12"}),
    ("user=%u,app=%a ", "user=[unknown],app=[unknown] ", {}),
    # The process is a part of the session.
    ("%c %u ", "6b03c1e0.2d7a bob ", {"session": "6b03c1e0.2d7a", "pid": "11642", "user": "bob"}),
    # What goes on like its neighbour is not told; what does not, is.
    ("%p%l %u ", "123 bob ", {"user": "bob"}),
    ("%p%t %u ", "122026-11-23 04:32:32 UTC bob ", {"pid": "12", "user": "bob"}),
    ("%L:%r ", "10.0.0.1:::1(5432) ", {"client": "::1", "port": "5432"}),
    ("%b %a ", "client backend my app ", {"app": "my app"}),
    ("%h-%Q ", "db1.example--77 ", {"client": "db1.example", "query_id": "-77"}),
]  # fmt: skip


@pytest.mark.parametrize(("prefix", "head", "expected"), PREFIXES, ids=[head for _, head, _ in PREFIXES])
def test_prefix(prefix: str, head: str, expected: dict[str, str]) -> None:
    log = make_format("postgres", FormatSettings(line_prefix=prefix))
    for _ in range(3):  # the second time by the quick way
        parsed = log.parse(head + "LOG:  statement: DELETE FROM t")
        assert parsed.understood
        assert {name: parsed.attributes.get(name) for name in expected} == expected
        assert (parsed.attributes["operation"], parsed.attributes["table"]) == ("DELETE", "t")
        named = {
            "user",
            "db",
            "app",
            "client",
            "port",
            "sqlstate",
            "txid",
            "query_id",
            "backend",
        } & parsed.attributes.keys()
        if prefix != "%u%d %p ":
            assert named <= expected.keys() | {"user", "db", "app", "client"}


def test_a_quick_line_and_a_slow_one_say_the_same() -> None:
    prefix, head = "%m [%p] %l %x %e %u %a ", "2026-11-23 04:32:32.123 UTC [12] {} {} 00000 bob psql LOG:  "
    log = make_format("postgres", FormatSettings(line_prefix=prefix))
    messages = [
        "statement: DELETE FROM t",
        "duration: 0.5 ms",
        "statement: SELECT 1",
        "could not receive data from client",
    ]
    for number, message in enumerate(messages * 3, start=1):
        record = head.format(number, number % 3) + message
        alone = make_format("postgres", FormatSettings(line_prefix=prefix)).parse(record)
        assert log.parse(record) == alone


# What no name and no value of these tests contains.
SEPARATORS = st.sampled_from(["|", ";", "~", "> ", " | ", "\t", " ^ ", "*", "^"])
ESCAPES = st.builds(
    "%{}{}".format,
    st.sampled_from(["", "", "", "-12", "12", "3", "-30"]),
    st.sampled_from("audrhbpPtmnscliexvQL"),
)
# A line behind a tab goes on with the one before, so no prefix begins with one.
PREFIX_PARTS = st.lists(st.tuples(ESCAPES, SEPARATORS), min_size=1, max_size=9, unique_by=lambda part: part[0][-1])
NAMES = st.sampled_from(
    ["anna", "a b", "a@b.example", "Ö-1", "x:y", "[unknown]x", "app v1.2 (z), a=b", "LOG", "-", "4"]
)
ADDRESSES = st.sampled_from(["10.0.0.7", "2001:db8::1", "::1", "[local]", "app1.shop.example", "fe80::1%eth0"])
TOLD = {"a": "app", "u": "user", "d": "db", "h": "client", "p": "pid", "b": "backend", "Q": "query_id", "x": "txid"}


def values_of(name: tuple[str, str, str], host: str) -> dict[str, str]:
    app, user, db = name
    return {
        "a": app, "u": user, "d": db, "h": host, "r": host if host == "[local]" else f"{host}(5432)", "L": "10.0.0.1",
        "b": "client backend", "p": "4711", "P": "", "t": "2026-11-23 04:32:32 UTC", "m": "2026-11-23 04:32:32.123 UTC",
        "n": "1795408352.123", "s": "2026-11-23 04:30:00 UTC", "c": "6b03c1e0.1267", "i": "idle in transaction",
        "e": "42P01", "x": "741", "v": "3/17", "Q": "-77",
    }  # fmt: skip


@given(PREFIX_PARTS, st.sampled_from(["", "%q"]), st.tuples(NAMES, NAMES, NAMES), ADDRESSES)
def test_any_prefix(parts: list[tuple[str, str]], cut: str, names: tuple[str, str, str], host: str) -> None:
    """Every value is told as the server has it, the follow-up belongs to its record, and nothing is suspect."""
    prefix = "db " + parts[0][0] + parts[0][1] + cut + "".join(escape + separator for escape, separator in parts[1:])
    values = values_of(names, host)
    letters = {escape[-1] for escape, _ in parts}
    lines = [
        head(prefix, values | {"l": number}) + text
        for number, text in (("3", 'ERROR:  relation ":  " does not exist'), ("4", "STATEMENT:  SELECT 1"))
    ]
    if not letters & {"p", "c"}:
        lines = lines[:1]
    try:
        log = make_format("postgres", FormatSettings(line_prefix=prefix))
    except FormatError:
        assert letters <= set("PsvLi")  # nothing that is told
        return
    (record,) = join_records(log, lines)
    told = log.parse(record).attributes
    expected = {TOLD[letter]: values[letter] for letter in letters & TOLD.keys()}
    if "r" in letters and host != "[local]":
        expected |= {"client": host, "port": "5432"}
    if expected.get("backend") == "client backend":
        del expected["backend"]
    assert {name: told.get(name) for name in expected} == expected
    assert told["severity"] == "ERROR"
    assert "trust" not in told


@given(PREFIX_PARTS, st.data())
def test_values_that_stand_together(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    """Where nothing separates two escapes a value is told right or not at all."""
    without = [(escape, data.draw(st.sampled_from(["", separator]))) for escape, separator in parts]
    prefix = "db " + "".join(escape + separator for escape, separator in without) + ": "
    values = values_of(("psql", "anna", "shop"), data.draw(ADDRESSES))
    try:
        log = make_format("postgres", FormatSettings(line_prefix=prefix))
    except FormatError:
        return
    told = log.parse(head(prefix, values | {"l": "3"}) + "LOG:  statement: SELECT 1").attributes
    right = {TOLD[letter]: values[letter] for letter in TOLD}
    assert {name: told[name] for name in right if name in told}.items() <= right.items()


def test_instants() -> None:
    def instant(prefix: str, head: str, zone: str = "UTC") -> int | None:
        from zoneinfo import ZoneInfo

        return make_format("postgres", FormatSettings(prefix, ZoneInfo(zone))).parse(head + "LOG:  x").ns

    assert instant("%m [%p] ", "2026-11-23 04:32:32.123 UTC [1] ") == parse_rfc3339("2026-11-23T04:32:32.123Z")
    assert instant("%t [%p] ", "2026-11-23 04:32:32 +07 [1] ") == parse_rfc3339("2026-11-22T21:32:32Z")
    assert instant("%t [%p] ", "2026-11-23 04:32:32 -0330 [1] ") == parse_rfc3339("2026-11-23T08:02:32Z")
    assert instant("%n ", "1795408352.025 ") == 1_795_408_352_025_000_000
    assert instant("%t [%p] ", "2026-07-01 12:00:00 CEST [1] ", "Europe/Berlin") == parse_rfc3339(
        "2026-07-01T10:00:00Z"
    )
    assert instant("%t [%p] ", "2026-02-31 12:00:00 UTC [1] ") is None
    # The hour that the clocks are set back over: only the abbreviation tells the two apart.
    assert instant("%t [%p] ", "2026-10-25 02:30:00 CEST [1] ", "Europe/Berlin") == parse_rfc3339(
        "2026-10-25T00:30:00Z"
    )
    assert instant("%t [%p] ", "2026-10-25 02:30:00 CET [1] ", "Europe/Berlin") == parse_rfc3339("2026-10-25T01:30:00Z")


@pytest.mark.parametrize("prefix", ["%z ", "%p%l ", "%m [%p] %", "no escape at all", "%5", "%% %q"])
def test_what_is_no_prefix(prefix: str) -> None:
    with pytest.raises(FormatError, match="log_line_prefix"):
        make_format("postgres", FormatSettings(line_prefix=prefix))


def test_verbose_errors_give_the_sqlstate() -> None:
    log = make_format("postgres", FormatSettings())
    record = '2026-11-23 04:32:32.123 UTC [12] ERROR:  42P01: relation "x" does not exist at character 15'
    location = "2026-11-23 04:32:32.123 UTC [12] LOCATION:  parserOpenTable, parse_relation.c:1392"
    assert log.continues(location, record)
    attributes = log.parse(f"{record}\n{location}").attributes
    assert attributes["sqlstate"] == "42P01" and attributes["message"].startswith("relation")
    assert "sqlstate" not in log.parse("2026-11-23 04:32:32.123 UTC [12] LOG:  00000: x").attributes


# ---- names that hold a newline, lines that break off ----

PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
STAMP = "2026-11-23 04:32:32 UTC "


def test_a_line_that_breaks_off_does_not_swallow_the_next() -> None:
    """A full disk cut a line inside of its head; the whole line after it keeps its statement and its session."""
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    log.parse(
        f"{STAMP}[8]: [1-1] user=[unknown],db=[unknown],app=[unknown],client=10.0.0.1 LOG:  "
        "connection received: host=10.0.0.1 port=4"
    )
    log.parse(
        f"{STAMP}[8]: [2-1] user=a,db=b,app=[unknown],client=10.0.0.1 LOG:  connection authorized: user=a database=b"
    )
    broken = f"{STAMP}[9]: [4-1] user=so"
    whole = f"{STAMP}[8]: [3-1] user=a,db=b,app=psql,client=10.0.0.1 LOG:  statement: TRUNCATE t"
    assert log.continues(whole, broken)
    parsed = log.parse(f"{broken}\n{whole}").attributes
    assert (parsed["pid"], parsed["user"], parsed["operation"]) == ("8", "a", "TRUNCATE")
    assert parsed["trust"] == "suspect"


def test_a_record_with_a_whole_head_takes_no_stranger() -> None:
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    whole = f"{STAMP}[8]: [3-1] user=a,db=b,app=psql,client=10.0.0.1 ERROR:  no"
    other = f"{STAMP}[9]: [3-1] user=a,db=b,app=psql,client=10.0.0.1 STATEMENT:  TRUNCATE t"
    own = f"{STAMP}[8]: [4-1] user=a,db=b,app=psql,client=10.0.0.1 STATEMENT:  TRUNCATE t"
    assert not log.continues(other, whole)
    assert log.continues(own, whole)
    assert log.continues("\tanything", whole)
    assert not log.continues("anything", whole)
    assert not log.continues(whole, "")


def test_names_longer_than_the_server_writes_are_no_reading() -> None:
    """app is cut to 63 bytes by the server, so what only a longer one could explain is the statement's own text."""
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    sql = "TRUNCATE t; -- " + "x" * 60 + ",client=10.9.9.9 LOG:  statement: SELECT 1"
    parsed = log.parse(f"{STAMP}[9]: [4-1] user=a,db=b,app=psql,client=10.0.0.1 LOG:  statement: {sql}").attributes
    assert (parsed["operation"], parsed["client"], parsed["statement"]) == ("TRUNCATE", "10.0.0.1", sql)
    assert "trust" not in parsed


def test_a_reused_process_id_is_another_session() -> None:
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    received = (
        "{}[8]: [1-1] user=[unknown],db=[unknown],app=[unknown],client={} LOG:  connection received: host={} port=4"
    )
    first = log.parse(received.format(STAMP, "10.0.0.1", "10.0.0.1")).attributes["session"]
    later = "2026-11-23 05:00:00 UTC "
    second = log.parse(received.format(later, "10.0.0.2", "10.0.0.2")).attributes["session"]
    assert first != second
    parsed = log.parse(f"{later}[8]: [2-1] user=a,db=b,app=psql,client=10.0.0.2 LOG:  statement: SELECT 1").attributes
    assert parsed["session"] == second and "trust" not in parsed


@pytest.mark.parametrize("unit", [",", " LOG:  ", ",client=1 LOG:  ", "\n", ",db=,app=,client= ", "user="])
def test_time_stays_linear_whatever_a_client_calls_itself(unit: str) -> None:
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    start = time.process_time()
    for size in (60, 5_000, 200_000):
        record = f"{STAMP}[9]: [4-1] user=" + unit * (size // len(unit))
        log.continues("x", record)
        log.parse(record)
    assert time.process_time() - start < 2


def test_a_name_with_newlines_cannot_write_a_clean_line() -> None:
    """With a short prefix 63 bytes are enough for whole heads: the rest of the real one gives the forged line away."""
    prefix, stamp = "%m [%p] %q%u@%d ", "2026-11-23 04:32:32.123 UTC "
    user = "@ LOG:  x\n" + stamp + "[7] bob"
    db = "shop LOG:  statement: TRUNCATE t\n"
    written = f'{stamp}[123] {user}@{db} FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "…"'
    log = make_format("postgres", FormatSettings(line_prefix=prefix))
    parsed = [log.parse(record) for record in join_records(log, [*written.split("\n"), f"{stamp}[124] a@b LOG:  y"])]
    clean = [one for one in parsed if "trust" not in one.attributes]
    assert not [one for one in clean if one.attributes.get("operation") == "TRUNCATE" or one.attributes["pid"] == "7"]
    assert [one.attributes["user"] for one in parsed if one not in clean] == ["bob"]
    assert "trust" not in parsed[-1].attributes


def test_other_languages_are_not_read_but_do_not_swallow_lines() -> None:
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    head = f"{STAMP}[8]: [3-1] user=a,db=b,app=psql,client=10.0.0.1 "
    records = join_records(log, [f"{head}FEHLER:  nein", f"{head}ОШИБКА:  нет", f"{head}LOG:  statement: TRUNCATE t"])
    assert [log.parse(record).understood for record in records] == [False, False, True]


def test_startup_noise_is_a_record_of_its_own() -> None:
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    whole = f"{STAMP}[8]: [3-1] user=a,db=b,app=psql,client=10.0.0.1 ERROR:  no"
    assert not log.continues("pg_ctl: could not start server", whole)
    assert not log.continues("", whole)


def test_a_reused_process_id_is_noticed_without_line_numbers_too() -> None:
    log = make_format("postgres", FormatSettings(line_prefix="%m [%p] user=%u,client=%h "))
    seen = set()
    for minute in range(3):
        head = f"2026-11-23 04:{minute:02d}:00.000 UTC [8] user=[unknown],client=10.0.0.1 LOG:  "
        seen.add(log.parse(head + "connection received: host=10.0.0.1 port=4").attributes["session"])
        seen.add(log.parse(head + "something else").attributes["session"])
    assert len(seen) == 3
