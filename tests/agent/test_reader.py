"""One file into entries: waiting records, bounds, a format that fails."""

import os
from pathlib import Path

import cramjam
import pytest

from kit.agent_parts import EPOCH_S, StillClock, TinyFormat
from whodid.agent.batch import BatchBuilder
from whodid.agent.encode import PlainEncoder, Surroundings
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.labelling import Labelling
from whodid.agent.misread import Misread
from whodid.agent.piped import PipedEncoder
from whodid.agent.reader import PACED_BYTES, FileReader, ReaderLimits
from whodid.agent.settings import SourceSettings
from whodid.formats.format import Format, FormatSettings, Parsed
from whodid.formats.postgres import Postgres
from whodid.model.clock import SECOND
from whodid.model.entry import Entry
from whodid.promtail import Pipeline
from whodid.sources.encodings import find_encoding
from whodid.sources.file import FollowedFile
from whodid.wire.push_protobuf import iter_entries


class Bench:
    """A reader on a file, with a clock that stands still."""

    def __init__(self, path: Path, format: Format, max_age_ns: int = 0, encoding: str = "", offset: int = 0) -> None:
        path.touch()
        self.clock, self.health = StillClock(), Health()
        self.file = FollowedFile(str(path), os.open(path, os.O_RDONLY), offset)
        self.file.grow_head()
        misread = Misread(SourceSettings("j", "tiny", (str(path),)))
        around = Surroundings("j", str(path), Labelling({}), Instants(), self.clock, self.health, misread, max_age_ns)
        encoder = PlainEncoder(format, around)
        limits = ReaderLimits(100, 100, 0.15, find_encoding(encoding))
        self.reader = FileReader(self.file, "j", "{}", format.continues, encoder, limits, self.clock, self.health)

    def take(self, max_entries: int = 100, hurry: bool = False) -> list[str]:
        return [entry.line for entry in self.entries(max_entries, hurry)]

    def entries(self, max_entries: int = 100, hurry: bool = False) -> list[Entry]:
        self.file.grow_head()
        batch = BatchBuilder(max_entries, 1 << 20)
        while not batch.full and self.reader.fill(batch, hurry):
            pass
        raw = bytes(cramjam.snappy.decompress_raw(batch.seal("a").body))
        return [entry for _, entry in iter_entries(raw)]


@pytest.fixture
def bench(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Bench(tmp_path / "a.log", TinyFormat())
    yield made
    made.file.close()


def write(bench: Bench, data: bytes) -> None:
    with open(bench.file.path, "ab") as file:
        file.write(data)


def test_last_record_waits_a_moment(bench: Bench) -> None:
    write(bench, b"1 a\n2 b\n")
    assert bench.take() == ["1 a"]
    assert bench.reader.wait_s() == pytest.approx(0.15)
    write(bench, b"\tmore\n")
    assert bench.take() == []
    bench.clock.seconds += 0.15
    assert bench.take() == ["2 b\n\tmore"]
    assert bench.reader.wait_s() is None


def test_it_does_not_wait_when_a_successor_is_there(bench: Bench) -> None:
    write(bench, b"1 a\n")
    assert bench.take(hurry=True) == ["1 a"]


def test_half_a_line_is_not_sent_before_its_file_has_ended(bench: Bench) -> None:
    write(bench, b"1 a\n2 half")
    bench.take()
    bench.clock.seconds += 10
    assert bench.take() == ["1 a"]
    assert not bench.reader.done
    bench.file.finish()
    assert bench.take() == ["2 half"]
    assert bench.reader.done
    assert bench.reader.end == len(b"1 a\n2 half")


def test_batch_bound_keeps_the_rest_for_the_next(bench: Bench) -> None:
    write(bench, b"".join(b"%d x\n" % i for i in range(10)))
    assert bench.take(4) == ["0 x", "1 x", "2 x", "3 x"]
    assert bench.reader.end == 16
    assert bench.take(4) == ["4 x", "5 x", "6 x", "7 x"]


def test_each_batch_knows_where_its_own_lines_end(bench: Bench) -> None:
    """What a chunk brought is made ready at once, and goes into batches in pieces."""
    write(bench, b"no stamp\n5 a\n6 b\n7 waits\n")
    bench.file.grow_head()
    spans = []
    for _ in range(3):
        batch = BatchBuilder(1, 1 << 20)
        bench.reader.fill(batch, False)
        spans += batch.seal("a").spans
    stated_ns = [(EPOCH_S + number) * SECOND for number in (5, 6)]
    assert [span.last_ns for span in spans] == [bench.clock.now_ns(), *stated_ns]
    assert [span.stated for span in spans] == [False, True, True]
    assert [(span.begin, span.place.offset) for span in spans] == [(0, 9), (9, 13), (13, 17)]


def test_a_format_that_raises_costs_no_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(TinyFormat):
        def parse(self, record: str) -> Parsed:
            raise ValueError("a bug")

    bench = Bench(tmp_path / "b.log", Broken())
    write(bench, b"1 a\n2 b\n3 c\n")
    assert bench.take() == ["1 a", "2 b"]
    assert bench.health.format_failures == bench.health.entries_unparsed == 2
    assert caplog.text.count("failed on a record") == 1
    bench.file.close()


def test_lines_older_than_the_server_keeps_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(tmp_path / "old.log", TinyFormat(), max_age_ns=10 * 10**9)
    bench.clock.seconds = 100.0
    write(bench, b"1 old\n2 old\n89 old\n90 kept\nno stamp\n95 kept\n99 waits\n")
    with caplog.at_level("INFO"):
        assert bench.take() == ["90 kept", "no stamp", "95 kept"]
    assert bench.health.entries_too_old == 3
    assert [record.getMessage() for record in caplog.records] == [
        f"lines of {bench.file.path} older than 10s are left out: the server keeps none of that age"
    ]
    assert bench.reader.end == len(b"1 old\n2 old\n89 old\n90 kept\nno stamp\n95 kept\n")
    bench.file.close()


def test_a_file_of_old_lines_only_is_read_to_its_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "old.log", TinyFormat(), max_age_ns=10 * 10**9)
    bench.clock.seconds = 100.0
    write(bench, b"1 old\n2 old\n3 old\n")
    bench.file.grow_head()
    batch = BatchBuilder(100, 1 << 20)
    while bench.reader.fill(batch, hurry=True):
        pass
    assert (batch.entries, bench.health.entries_too_old) == (0, 3)
    bench.file.close()


def test_a_format_with_a_quick_reader_gives_the_same(tmp_path: Path) -> None:
    """Records that are read quickly, and between them those that are not: in order, each with what parse says of it."""
    settings = FormatSettings(line_prefix="%t [%p]: [%l-1] %u ")
    head = "2026-11-23 04:32:32 UTC [7]: [{}-1] anna LOG:  "
    records = [
        head.format(1) + "statement: SELECT 1",
        head.format(2) + "statement: SELECT *\n\tFROM t",
        head.format(3) + "statement: ALTER ROLE a PASSWORD 'x'",
        head.format(5) + "duration: 0.1 ms",
        head.format(6) + "checkpoint",
        "no head at all",
        head.format(7) + "statement: TRUNCATE t",
    ]
    bench = Bench(tmp_path / "pg.log", Postgres(settings))
    bench.clock.seconds = 10_000.0
    write(bench, "".join(f"{record}\n" for record in records).encode())
    got = [entry for size in (1, 2, 1, 5) for entry in bench.entries(size, hurry=True)]
    careful = Postgres(settings)
    expected = [careful.parse(record) for record in records]
    assert [(e.line, e.metadata) for e in got] == [(p.line, p.attributes) for p in expected]
    assert [entry.ns % 100 for entry in got] == list(range(7))
    assert bench.health.entries_unparsed == 1
    bench.file.close()


def test_a_file_that_its_format_does_not_read_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(tmp_path / "a.log", TinyFormat())
    for _ in range(4):
        with (tmp_path / "a.log").open("a") as file:
            file.write("unknown\n" * 11)
        bench.take()
    told = [message for message in caplog.messages if "understood" in message]
    assert told == [f"job j: {tmp_path}/a.log: none of its first 21 records is understood as tiny"]


CUT = "… [whodid: line cut here, 9999902 more bytes]"
HOSTILE = {
    # name: (bytes of a file, the encoding that is asked for, what is stored of it)
    "NULs inside": (b"1 a\0b\n", "", ["1 a\0b"]),
    "a hole before a line": (b"\0" * 5000 + b"1 a\n", "", ["1 a"]),
    "only NULs": (b"\0" * 5000, "", [""]),
    "bytes of Latin-1": ("1 caf\xe9\n".encode("latin-1"), "", ["1 caf\ufffd"]),
    "Latin-1 that was told": ("1 caf\xe9\n".encode("latin-1"), "ISO-8859-1", ["1 café"]),
    "Windows' quotes": ("1 “a”\r\n".encode("cp1252"), "windows-1252", ["1 “a”"]),
    "UTF-8 with a mark": (b"\xef\xbb\xbf1 a\n2 b\n", "", ["1 a", "2 b"]),
    "UTF-16 with a mark": ("\ufeff1 ä\r\n2 Ċ\r\n".encode("utf-16-le"), "", ["1 ä", "2 Ċ"]),
    "the other UTF-16": ("\ufeff1 ä\n2 \u0a0a\n".encode("utf-16-be"), "ISO-8859-1", ["1 ä", "2 \u0a0a"]),
    "UTF-16 that was told": ("1 a\n2 b\n".encode("utf-16-le"), "UTF-16LE", ["1 a", "2 b"]),
    "half a character of UTF-16": ("1 a\n2".encode("utf-16-le") + b"x", "UTF-16LE", ["1 a", "2\ufffd"]),
    "a line of 10 MB": (b"1 " + b"x" * 10**7 + b"\n2 b\n", "", [f"1 {'x' * 98}{CUT}", "2 b"]),
    "half a line": (b"1 a\n2 hal", "", ["1 a", "2 hal"]),
    "random bytes": (bytes(range(1, 10)) + bytes(range(11, 256)), "", None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_stored_and_cost_no_other_line(tmp_path: Path, name: str) -> None:
    data, encoding, expected = HOSTILE[name]
    bench = Bench(tmp_path / "a.log", TinyFormat(), encoding=encoding)
    write(bench, data)
    got = bench.take()
    bench.file.finish()
    got += bench.take()
    assert bench.reader.done
    assert bench.reader.end == len(data)
    if expected is not None:
        assert got == expected
    bench.file.close()


def test_a_file_in_utf16_is_read_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes("\ufeff1 a\n2 ä\n".encode("utf-16-le"))
    first = Bench(path, TinyFormat())
    assert first.take(hurry=True) == ["1 a", "2 ä"]
    end = first.reader.end
    first.file.close()
    with path.open("ab") as file:
        file.write("3 ö\n".encode("utf-16-le"))
    second = Bench(path, TinyFormat(), offset=end)
    assert second.take(hurry=True) == ["3 ö"]
    second.file.close()


def test_a_line_from_the_future_is_of_now_and_says_what_it_states(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "a.log", TinyFormat())
    bench.clock.seconds = 100.0
    write(bench, b"99 a\n100000 b\n100000 c\n\n101 d\n")
    entries = bench.entries(hurry=True)
    assert [entry.ns // SECOND - EPOCH_S for entry in entries] == [99, 100, 100, 100, 101]
    assert [entry.metadata.get("stated") for entry in entries] == [None, *["2026-11-24T06:00:00Z"] * 2, None, None]
    assert [entry.line for entry in entries] == ["99 a", "100000 b", "100000 c", "", "101 d"]
    bench.file.close()


def test_a_pipeline_that_limits_slows_reading_down(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "a.log", TinyFormat())
    pipeline = Pipeline(
        [{"limit": {"rate": 10, "burst": 10}}],
        job="j",
        now_ns=bench.clock.now_ns,
        monotonic_s=bench.clock.monotonic_s,
        random=lambda: 0.5,
    )
    around = Surroundings(
        "j", "a", Labelling({}), Instants(), bench.clock, bench.health, Misread(SourceSettings("j", "tiny"))
    )
    bench.reader = FileReader(
        bench.file, "j", "{}", TinyFormat().continues, PipedEncoder(TinyFormat(), pipeline, around),
        ReaderLimits(100, 100, 0.15), bench.clock, bench.health,
    )  # fmt: skip
    lines = [f"{n} line" for n in range(5000)]
    write(bench, "".join(f"{line}\n" for line in lines).encode())
    read: list[str] = []
    while len(read) < len(lines):
        now = bench.take(10_000)
        read += now
        assert len(read) <= 10 + 10 * bench.clock.seconds + PACED_BYTES / len("0 line\n")
        wait_s = bench.reader.wait_s()
        if len(read) < len(lines):
            assert wait_s
            bench.clock.seconds += wait_s
    assert read == lines
    assert bench.clock.seconds == pytest.approx(499, abs=1)  # ten at once, then ten a second
    bench.file.close()
