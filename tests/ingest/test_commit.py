"""What becomes of push bodies in the engine: good ones among bad, hostile bytes, instants, metadata."""

import asyncio
import contextlib
import dataclasses
import itertools
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.chdb_store import shared_store
from kit.ingest_bench import IngestBench, until
from whodid.ingest.body import Body, Committed
from whodid.ingest.commit import commit, look
from whodid.ingest.limits import Limits
from whodid.ingest.spool import Spool
from whodid.ingest.staging import prepare
from whodid.model.clock import SECOND
from whodid.model.entry import Entry, Stream
from whodid.store.store import Connection, StoreError
from whodid.wire.push_protobuf import MalformedPush, encode_push, scan_streams


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(payload)) + payload


def instant(seconds: int, nanos: int = 0) -> bytes:
    return field(1, b"\x08" + varint(seconds) + b"\x10" + varint(nanos))


def raw_push(*entries: bytes) -> bytes:
    """A push of one stream whose entries are given as bytes, right or wrong."""
    return field(1, field(1, b'{a="b"}') + b"".join(field(2, entry) for entry in entries))


BROKEN_ENTRY = raw_push(b"\x12\x09x")
"""The framing of the stream is right, but its entry is cut off: only the engine can see it."""


async def test_a_line_is_stored_as_it_was_sent(bench: IngestBench) -> None:
    body = bench.body("hello ✓\n\0 \\ '", metadata={"user": "raz", "table": 'a"b'}, job="database", host="prod")
    at = bench.now
    assert await bench.push(body) == []
    [row] = await bench.rows()
    assert row.labels == {"job": "database", "host": "prod", "service_name": "database"}
    assert (row.ns, row.line) == (at, "hello ✓\n\0 \\ '")
    assert dict(row.metadata) == {"user": "raz", "table": 'a"b'}


async def test_streams_of_several_bodies_keep_their_own_lines(bench: IngestBench) -> None:
    streams = [
        [Stream({"n": f"{b}.{s}"}, [Entry(bench.now + e, f"{b}.{s}.{e}", {}) for e in range(s)]) for s in range(4)]
        for b in range(5)
    ]
    assert await bench.push_all(*map(encode_push, streams)) == [[]] * 5
    rows = await bench.rows()
    assert len(rows) == 5 * (1 + 2 + 3)
    assert all(row.line.startswith(row.labels["n"] + ".") for row in rows)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (BROKEN_ENTRY, MalformedPush),
        (raw_push(b"\x12" + b"\x80" * 9), MalformedPush),
        (raw_push(b"\x12" + varint(1 << 62)), MalformedPush),
        # The engine asks for the memory before it looks; it cannot be told from a server that has none left.
        (raw_push(b"\x12" + varint(1 << 42)), StoreError),
    ],
    ids=["cut off", "endless number", "beyond any memory", "terabytes"],
)
async def test_a_malformed_body_does_not_hurt_its_neighbours(
    bench: IngestBench, broken: bytes, error: type[Exception]
) -> None:
    good = [bench.body(f"good {n}", n=str(n)) for n in range(3)]
    answers = await bench.push_all(good[0], broken, good[1], broken, good[2])
    assert [answers[0], answers[2], answers[4]] == [[], [], []]
    assert isinstance(answers[1], error)
    assert isinstance(answers[3], error)
    rows = await bench.rows()
    assert sorted((row.labels["n"], row.line) for row in rows) == [(str(n), f"good {n}") for n in range(3)]
    assert await bench.push(bench.body("after")) == []
    assert "after" in await bench.lines()


async def test_a_malformed_body_alone_is_told_so(bench: IngestBench) -> None:
    with pytest.raises(MalformedPush, match="no protobuf PushRequest"):
        await bench.push(BROKEN_ENTRY)
    assert await bench.rows() == []


@pytest.mark.parametrize(
    "more",
    [
        instant(5) + field(2, b"another"),  # Protocol Buffers: of a field that stands twice the last counts
        field(1, b"") + field(2, b""),
        field(3, b"") + field(3, field(1, b"a") + field(1, b"b") + field(2, b"c") + field(2, b"d")),
        field(3, field(2, b"only a value")),
        field(1, field(7, b"unknown")) + field(9, b"unknown"),
    ],
)
async def test_fields_that_stand_twice_or_nowhere_move_no_other_line(bench: IngestBench, more: bytes) -> None:
    at_s = bench.now // SECOND
    before, after = (
        instant(at_s) + field(2, text) + field(3, field(1, b"n") + field(2, text)) for text in (b"x", b"y")
    )
    with suppress(MalformedPush):
        await bench.push(raw_push(before, instant(at_s) + field(2, b"odd") + more, after))
    for row in await bench.rows():
        assert row.line not in ("x", "y") or (row.ns, row.metadata) == (at_s * SECOND, [("n", row.line)])


async def test_bytes_that_are_no_utf8_are_replaced_and_the_line_is_kept(bench: IngestBench) -> None:
    pair = field(3, field(1, b"k\xffy") + field(2, b"\xc3(v"))
    assert await bench.push(raw_push(instant(bench.now // SECOND) + field(2, b"a\xff\xfez") + pair)) == []
    [row] = await bench.rows()
    assert row.line == "a\ufffdz"
    assert row.metadata == [("k_y", "\ufffd(v")]


async def test_a_name_that_stands_twice_keeps_its_last_value(bench: IngestBench) -> None:
    # Otherwise a filter in the engine would see the first and the reader of the row the last: room to hide.
    named = (("user", "bob"), ("z", "q"), ("user", "eve"))
    pairs = b"".join(field(3, field(1, name.encode()) + field(2, value.encode())) for name, value in named)
    assert await bench.push(raw_push(instant(bench.now // SECOND) + field(2, b"x") + pairs)) == []
    [row] = await bench.rows()
    assert sorted(row.metadata) == [("user", "eve"), ("z", "q")]


async def test_names_that_become_the_same_by_repair_are_one_name(bench: IngestBench) -> None:
    pairs = field(3, field(1, b"k\xff") + field(2, b"1")) + field(3, field(1, b"k\xfe") + field(2, b"2"))
    assert await bench.push(raw_push(instant(bench.now // SECOND) + pairs)) == []
    [row] = await bench.rows()
    assert row.metadata == [("k_", "2")]


@pytest.mark.parametrize("own", [4, 24, 29, 34, 40, 60])
async def test_nothing_in_a_clients_message_reaches_what_the_server_wrote_behind_it(
    bench: IngestBench, own: int
) -> None:
    """Else a push could put lines into another tenant's stream: the fields, and a last one that swallows the true."""
    other = uuid.uuid4().hex
    pushing = asyncio.create_task(bench.ingest.push(bench.body("theirs", a="b"), other))
    await until(lambda: bool(bench.waiting))
    await bench.asleep()
    bench.clock.advance(1)
    assert await asyncio.wait_for(pushing, 30) == []
    [victim] = bench.index.streams(other)
    ids = b"\x15\x01\0\0\0" + b"\x19" + victim.to_bytes(8, "little") + b"\x21" + bytes([8] * 8) + b"\x2a\x05fatal"
    old = b"\xcd\x3e\x01\0\0\0\xd1\x3e" + victim.to_bytes(8, "little") + b"\xd9\x3e" + bytes(8) + b"\xe2\x3e\x00"
    message = field(1, b'{a="b"}') + field(2, instant(bench.now // SECOND) + field(2, b"forged"))
    for tail in (ids, old, ids + bytes([0x7A, own]), old + bytes([0x7A, own]), bytes([0x7A, own])):
        for pushed in (field(1, message + tail), field(1, message + tail) + bench.body("neighbour")):
            with contextlib.suppress(MalformedPush):
                await bench.push(pushed)
    assert all(row.level == "unknown" for row in await bench.rows())
    table = await bench.store.select(f"SELECT line, push_key FROM lines WHERE stream_id = {victim}")
    assert table.to_pylist() == [{"line": "theirs", "push_key": 0}]


async def test_a_level_that_came_with_the_line_is_not_kept_twice(bench: IngestBench) -> None:
    await bench.push(bench.body("x", metadata={"detected_level": "WARNING", "user": "raz"}))
    [row] = await bench.rows()
    assert (row.level, row.metadata) == ("warn", [("user", "raz")])


async def test_a_line_as_long_as_the_limit_is_stored_and_a_longer_one_is_told(bench: IngestBench) -> None:
    limit = Limits().max_line_bytes
    [long, short] = await bench.push_all(bench.body("y" * 10_000_000, "kept", n="1"), bench.body("z" * limit, n="2"))
    assert short == []
    assert isinstance(long, list)
    assert len(long) == 1
    assert long[0].text.startswith(f"max entry size '{limit}' bytes exceeded for stream '{{n=\"1\"")
    assert "entry with length '10000000' bytes" in long[0].text
    assert sorted(map(len, await bench.lines())) == [4, limit]


LIMITS = Limits()
HUGE = (1 << 63) - 1


@pytest.mark.parametrize(
    ("seconds", "nanos", "words"),
    [
        (0, 0, "too old: 1970-01-01T00:00:00Z"),
        (-1, 0, "too old: 1969-12-31T23:59:59Z"),
        (-(1 << 63), -(1 << 31), "too old: 1684"),
        (HUGE, (1 << 31) - 1, "too new: 2255"),
        (1 << 40, 0, "too new: 2255"),
    ],
)
async def test_an_instant_far_away_is_refused_in_lokis_words(
    bench: IngestBench, seconds: int, nanos: int, words: str
) -> None:
    far = raw_push(instant(seconds, nanos) + field(2, b"odd"))
    [odd, good] = await bench.push_all(far, bench.body("good"))
    assert good == []
    assert isinstance(odd, list)
    assert len(odd) == 1
    assert odd[0].text.startswith('entry for stream \'{a="b", service_name="unknown_service"}\' has timestamp ' + words)
    assert await bench.lines() == ["good"]


async def test_the_bounds_are_retention_and_a_little_grace(bench: IngestBench) -> None:
    limits, at = Limits(), bench.now + SECOND  # the push moves the clock on by a second
    old, new = at - limits.reject_older_ns, at + limits.creation_grace_ns
    entries = [Entry(ns, str(n), {}) for n, ns in enumerate((old - 1, old, new, new + 1))]
    refused = await bench.push(encode_push([Stream({"a": "b"}, entries)]))
    assert await bench.lines() == ["1", "2"]
    assert ["too old" in text for text in refused] == [True, False]


async def test_late_lines_and_lines_of_several_days_are_accepted_in_any_order(bench: IngestBench) -> None:
    hours = (0, 100, 30, 3, 160)
    entries = [Entry(bench.now - hour * 3600 * SECOND, str(hour), {}) for hour in hours]
    assert await bench.push(encode_push([Stream({"a": "b"}, entries)])) == []
    assert await bench.lines() == [str(hour) for hour in hours]


async def test_names_of_metadata_are_made_names_of_labels(bench: IngestBench) -> None:
    metadata = {
        "http.method": "GET",
        "käse": "1",
        "1st": "a",
        "a b": "c",
        "__x__": "d",
        "": "e",
        "_y": "f",
        "log.level": "warn",
    }
    assert await bench.push(bench.body("x", metadata=metadata)) == []
    [row] = await bench.rows()
    names = ("http_method", "k_se", "key_1st", "a_b", "__x__", "key_", "key_y", "log_level")
    assert dict(row.metadata) == dict(zip(names, metadata.values(), strict=True))


async def test_too_much_metadata_is_refused_in_lokis_words(tmp_path: Path) -> None:
    bench = IngestBench(tmp_path, Limits(max_metadata_names=3, max_metadata_bytes=20))
    await bench.start()
    try:
        large, many = {"key": "v" * 18}, dict.fromkeys("abcd", "v")
        entries = [Entry(bench.now + n, str(n), m) for n, m in enumerate((large, many, {"key": "v" * 17}, {}))]
        refused = await bench.push(encode_push([Stream({"job": "a"}, entries)]))
        assert await bench.lines() == ["2", "3"]
    finally:
        await bench.stop()
    stream = """stream '{job="a", service_name="a"}' has"""
    assert [text.partition(". Please see `limits_config.")[0] for text in refused] == [
        f"{stream} structured metadata too large: '21' bytes, limit: '20' bytes",
        f"{stream} too many structured metadata labels: '4', limit: '3'",
    ]


async def test_of_many_refused_lines_some_are_told(bench: IngestBench) -> None:
    far = [Entry(n * SECOND, "old", {}) for n in range(500)] + [Entry(7, "of the same second", {})]
    refused = await bench.refusals(encode_push([Stream({"a": "b"}, far), Stream({"a": "c"}, far[:3])]))
    assert len(refused) == 21 + 3
    assert [refusal.lines for refusal in refused[:3]] == [2, 1, 1], "equal words are one refusal"
    assert sum(refusal.lines for refusal in refused) == 504, "and none is forgotten"
    assert await bench.lines() == []


# ---- directly, without the pipeline ----


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path)
    yield spool
    spool.close()


async def test_a_commit_that_failed_leaves_no_rows_for_the_next_one(bench: IngestBench, spool: Spool) -> None:
    """The next commit's streams have other places: rows left in staging would come out as somebody else's."""

    def run(connection: Connection) -> int:
        prepare(connection)
        now = bench.now
        first, second = body_of(bench.body("of the first"), 11), body_of(bench.body("of the second"), 12)
        first.repeated = second.repeated = True  # the way through staging
        with pytest.raises(StoreError):
            store(_FailingInsert(connection), spool, [first], 1, now)
        return store(connection, spool, [second], 2, now).lines

    assert await bench.store.appending(run) == 1
    table = await bench.store.select("SELECT line FROM lines WHERE stream_id IN (11, 12)")
    assert table["line"].to_pylist() == ["of the second"]


def body_of(data: bytes, *ids: int) -> Body:
    """A body whose streams have these ids."""
    spans = [(begin, end) for _, begin, end in scan_streams(data)]
    return Body(data, spans, [*ids], ["a stream"] * len(ids), [""] * len(ids))


def store(
    connection: Connection, spool: Spool, bodies: list[Body], first_seq: int, now_ns: int, limits: Limits = LIMITS
) -> Committed:
    """A look and what follows from it."""
    _, facts = look(connection, spool, bodies, limits, now_ns)
    return commit(connection, spool, bodies, facts, first_seq, limits, now_ns)


class _FailingInsert:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.select = connection.select

    def write(self, sql: str) -> int:
        if sql.startswith("INSERT INTO lines"):
            raise StoreError("disk full", "NOT_ENOUGH_SPACE")
        return self._connection.write(sql)


async def test_a_failure_of_the_engine_is_not_blamed_on_the_body(bench: IngestBench, spool: Spool) -> None:
    """A client drops what is called malformed: that must not happen because the engine ran out of something."""

    class Short(_FailingInsert):
        def write(self, sql: str) -> int:
            if sql.startswith("INSERT"):
                raise StoreError("would use 3 GiB", "MEMORY_LIMIT_EXCEEDED")
            return self._connection.write(sql)

    def run(connection: Connection) -> list[Body]:
        prepare(connection)
        bodies = [body_of(bench.body("x"), 11) for _ in range(2)]
        bodies[0].repeated = True  # the way through staging, where bodies are judged
        store(Short(connection), spool, bodies, 1 << 60, bench.now)
        return bodies

    for body in await bench.store.appending(run):
        assert isinstance(body.error, StoreError)
        assert "send them again" in str(body.error)


TOKENS = (
    b"\x0a\x00", b"\x0a\x02\x12\x00", b'\x0a\x09\x0a\x07{a="b"}', b"\x12\x00", b"\x12\x02\x1a\x00", b"\x08\x01",
    b"\x10\x02", b"\x0b", b"\x0c", b"\x0f", b"\x0d\0\0\0\0", b"\x09" + bytes(8), b"\x1d\0\0\0\0", b"\x8a\x00\x00",
    b"\x0a\x80\x00", b"\x12\x03abc", b"\x22\x03xyz", b"\x00\x00",
    b"\x0a" + b"\xff" * 9 + b"\x01", b"\xfa\xff\xff\xff\x0f\x00",
    b"\x8a\x80\x80\x80\x80\x80\x01\x00",
)  # fmt: skip
MESSAGES = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=4), max_size=6).map(b"".join)
HOSTILE = MESSAGES | MESSAGES.map(lambda inner: field(1, inner))
_fresh_ids = itertools.count(1000)
_engine_limits = dataclasses.replace(Limits(), reject_older_ns=10**19, creation_grace_ns=10**19)


@given(HOSTILE)
@settings(max_examples=60)
async def test_hostile_bytes_never_move_a_neighbours_line_into_another_stream(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """All bodies of a commit, of all tenants, are one message to the engine: both sides must count the same streams."""
    try:
        count = len(scan_streams(data))
    except MalformedPush:
        return
    first, second = next(_fresh_ids), next(_fresh_ids)
    neighbour = encode_push([Stream({"n": "1"}, [Entry(5, "first", {})]), Stream({"n": "2"}, [Entry(6, "second", {})])])

    def run(connection: Connection) -> list[Body]:
        prepare(connection)
        bodies = [body_of(data, *[99] * count), body_of(neighbour, first, second)]
        store(connection, spool, bodies, 1, 0, _engine_limits)
        return bodies

    spool = Spool(tmp_path_factory.getbasetemp())
    engine = shared_store()
    bodies = await engine.appending(run)
    spool.close()
    table = await engine.select(
        f"SELECT stream_id, line FROM lines WHERE stream_id IN ({first}, {second}) ORDER BY seq"
    )
    assert table.to_pylist() == [{"stream_id": first, "line": "first"}, {"stream_id": second, "line": "second"}]
    assert bodies[1].error is None
    assert bodies[0].error is None or isinstance(bodies[0].error, MalformedPush)
