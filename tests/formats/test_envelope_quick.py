"""The quick way through envelopes says what the careful one says: entry by entry, however lines are divided."""

import json
from datetime import UTC
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.agent_parts import StillClock
from whodid.agent.encode import PlainEncoder, Surroundings
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.labelling import Labelling
from whodid.agent.misread import Misread
from whodid.agent.records import RecordJoiner, Records
from whodid.agent.settings import SourceSettings
from whodid.formats import FormatSettings, Parsed, make_format
from whodid.formats.format import QuickFormat
from whodid.formats.redact import Redactor
from whodid.model.clock import SECOND
from whodid.sources.lines import Lines
from whodid.sources.receiver import Received, encode
from whodid.wire.push_protobuf import encode_stream, iter_entries

PREFIX = "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
HEAD = "2026-11-23 06:32:3{0}.186 UTC [77]: [{0}-1] user=app,db=shop,app=psql,client=192.0.2.7 "
SAID = (
    "LOG:  statement: SELECT 1", "LOG:  duration: 1.234 ms", "LOG:  statement: TRUNCATE t;", "ERROR:  no",
    "LOG:  statement: ALTER ROLE a PASSWORD 'h0rse'", "STATEMENT:  SELECT",
)  # fmt: skip


class Later(StillClock):
    """Behind all instants of these lines."""

    def now_ns(self) -> int:
        return 1_795_500_000 * SECOND


class Careful:
    """A format without its quick way."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def continues(self, line: str, record: str) -> bool:
        return bool(self._inner.continues(line, record))

    def parse(self, record: str) -> Parsed:
        return self._inner.parse(record)  # type: ignore[no-any-return]


def entries(name: str, chunks: list[list[str]], quick: bool, **options: str) -> tuple[list[Any], int]:
    """What is sent for lines that come in chunks, and how many records were read closely."""
    settings = FormatSettings(PREFIX, UTC, options={"inner": "postgres", **options}, redact=Redactor(b"k" * 32))
    format = make_format(name, settings)
    parsed = list[str]()
    careful = format.parse
    format = format if quick else Careful(format)
    assert isinstance(format, QuickFormat) is quick
    health, source = Health(), SourceSettings("database", name, ("x",))
    around = Surroundings("database", "x", Labelling({}), Instants(), Later(), health, Misread(source))
    encoder = PlainEncoder(format, around)
    encoder._reading._format = _Counted(format.continues, careful, parsed)
    joiner = RecordJoiner(format.continues, find_heads=encoder.quick.heads if encoder.quick else None)
    out: list[Any] = []
    for number in range(len(chunks) + 1):
        lines = chunks[number] if number < len(chunks) else []
        records = joiner.feed(Lines(lines, list(range(len(lines))))) if lines else Records([], [], [])
        if number == len(chunks):
            joiner.flush_into(records)
        if not records.texts:
            continue
        ready = encoder.encode(records)
        for at, raw in enumerate(ready.entries):
            labels = ready.labels[at] if ready.labels else "{}"
            for _, entry in iter_entries(encode_stream(labels, [raw])):
                out.append((labels, entry.ns, entry.line, dict(entry.metadata)))
    return out, len(parsed)


class _Counted:
    def __init__(self, continues: Any, parse: Any, parsed: list[str]) -> None:
        self.continues, self._parse, self._parsed = continues, parse, parsed

    def parse(self, record: str) -> Parsed:
        self._parsed.append(record)
        return self._parse(record)  # type: ignore[no-any-return]


def docker(log: str, stream: str = "stderr", **more: Any) -> str:
    return json.dumps({"log": log, "stream": stream, "time": "2026-11-23T06:32:35.186402113Z", **more})


def received(line: str, stream: str = "stderr", **more: Any) -> str:
    return encode(Received(line, 1_795_415_555_000_000_000, {"stream": stream}, **more)).decode().rstrip("\n")


@pytest.mark.parametrize("name", ["docker", "received"])
def test_ordinary_records_are_read_quickly(name: str) -> None:
    texts = [HEAD.format(n) + SAID[n % 3] for n in range(1, 9)]
    lines = [docker(f"{text}\n") if name == "docker" else received(text) for text in texts]
    found, closely = entries(name, [lines[:5], lines[5:]], quick=True)
    assert closely == 0
    assert [line for _, _, line, _ in found] == texts
    assert found == entries(name, [lines], quick=False)[0]
    assert found[0][0] == '{stream="stderr"}'
    assert found[2][3]["operation"] == "SELECT" and found[1][3]["operation"] == "TRUNCATE"


def test_the_transport_s_instant_counts_where_a_line_states_none() -> None:
    assert entries("docker", [[docker(" x\n")]], quick=True)[0][0][1] == 1_795_415_555_186_402_113


@pytest.mark.parametrize(
    "time",
    ["2026-11-23T06:32:35.186402113Z", "2026-11-23T06:32:35Z", "2026-11-23T08:32:35.1864+02:00", "",
     "2026-11-23T06:32:35.1864021134Z", "2026-11-23T06:32:35.²Z", "2026-13-23T06:32:35.1Z", "9" * 19 + ".1Z"],
)  # fmt: skip
def test_instants_of_the_engine(time: str) -> None:
    """By the careful reading, whatever it says: model/clock.py's own."""
    from whodid.formats.docker import _any_instant, _instant

    assert _instant(time) == _any_instant(time)


def test_a_part_that_looks_like_a_line_of_its_own_is_none() -> None:
    """A client chooses what stands where the engine divides a long line: at the end of a chunk, too."""
    first, second = HEAD.format(1) + "LOG:  statement: SELECT", "\t'long"
    forged, after = HEAD.format(2) + "LOG:  statement: DROP TABLE t", HEAD.format(2) + "LOG:  statement: SELECT 2"
    lines = [docker(f"{first}\n"), docker(second), docker(f"{forged}\n"), docker(f"{after}\n")]
    for cut in range(5):
        found, _ = entries("docker", [lines[:cut], lines[cut:]], quick=True)
        assert [line for _, _, line, _ in found] == [f"{first}\n{second}{forged}", after]


def test_where_relabelling_wants_to_know_more_there_is_no_quick_way() -> None:
    line = received(HEAD.format(1) + SAID[0], discovered={"__meta_docker_container_log_stream": "stderr"})
    found, closely = entries("received", [[line]], quick=False, discovered="keep")
    assert closely == 1
    assert entries("received", [[line]], quick=False)[0] == found
    format = make_format("received", FormatSettings(options={"inner": "postgres", "discovered": "keep"}))
    assert isinstance(format, QuickFormat) and format.quick(lambda *_: b"") is None
    plain = make_format("received", FormatSettings(options={"inner": "plain"}))
    assert isinstance(plain, QuickFormat) and plain.quick(lambda *_: b"") is None


TEXT = st.one_of(
    st.builds(lambda n, said: HEAD.format(n) + said, st.integers(1, 9), st.sampled_from(SAID)),
    st.sampled_from(["\tFROM t", "\t" + HEAD.format(3) + SAID[2], "odd", "", "a\nb", HEAD.format(4)]),
)
LINE = st.one_of(
    st.builds(
        lambda text, end, stream, attrs: docker(text + end, stream, **attrs),
        TEXT,
        st.sampled_from(["\n", "\n", "\n", "\r\n", ""]),
        st.sampled_from(["stderr", "stderr", "stdout", "", "password=h0rse"]),
        st.sampled_from([{}, {}, {}, {"attrs": {"team": "a"}}]),
    ),
    st.sampled_from(["{", '{"log":1}', "x"]),
)
HELD = st.builds(
    lambda text, stream, attributes: received(text, stream, attributes=attributes),
    TEXT,
    st.sampled_from(["stderr", "stdout"]),
    st.sampled_from([{}, {}, {"sender": "192.0.2.1"}]),
)


@pytest.mark.parametrize("stderr", ["", "plain"])
@given(data=st.data(), name=st.sampled_from(["docker", "received"]), cuts=st.lists(st.integers(0, 30), max_size=4))
@example(data=None, name="docker", cuts=[1])
def test_both_ways_say_the_same(stderr: str, data: Any, name: str, cuts: list[int]) -> None:
    if data is None:
        lines = [
            docker(HEAD.format(1) + SAID[0] + "\n"),
            docker("\tFROM t", "stderr"),
            docker(HEAD.format(2) + SAID[2]),
        ]
    else:
        lines = data.draw(st.lists(LINE if name == "docker" else HELD, max_size=20))
    edges = sorted({0, len(lines), *(cut % (len(lines) + 1) for cut in cuts)})
    chunks = [lines[a:b] for a, b in pairwise(edges)]
    options = {"stderr": stderr} if stderr else {}
    quick, careful = entries(name, chunks, quick=True, **options), entries(name, chunks, quick=False, **options)
    assert quick[0] == careful[0]
