"""Records through Promtail's pipeline: what leaves, with which labels and instants, and up to where in the file."""

from hypothesis import given
from hypothesis import strategies as st

from kit.agent_parts import EPOCH_S, StillClock
from whodid.agent.encode import Ready, Surroundings
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.labelling import Labelling
from whodid.agent.misread import Misread
from whodid.agent.piped import PipedEncoder
from whodid.agent.records import Records
from whodid.agent.settings import SourceSettings
from whodid.formats.format import FormatSettings
from whodid.formats.plain import Plain
from whodid.model.clock import SECOND
from whodid.promtail import Pipeline
from whodid.wire.push_protobuf import encode_stream, iter_entries

JOINED = {"multiline": {"firstline": "^BEGIN", "max_wait_time": "3s"}}
BY_STREAM = [{"regex": {"expression": "(?P<stream>[ab])$"}}, {"labels": {"stream": None}}, JOINED]


class Bench:
    """An encoder with a clock that stands still; each line is ten bytes of its file."""

    def __init__(self, *stages: dict[str, object], health: Health | None = None) -> None:
        self.clock, self.health = StillClock(), health or Health()
        around = Surroundings(
            "j",
            "/a",
            Labelling({"job": "c"}),
            Instants(),
            self.clock,
            self.health,
            Misread(SourceSettings("j", "plain")),
        )
        pipeline = Pipeline(
            stages, job="j", now_ns=self.clock.now_ns, monotonic_s=self.clock.monotonic_s, random=lambda: 0.5
        )
        self.encoder = PipedEncoder(Plain(FormatSettings()), pipeline, around)
        self.read = 0

    def feed(self, *texts: str) -> Ready:
        ends = [10 * (self.read + n + 1) for n in range(len(texts))]
        self.read += len(texts)
        return self.encoder.encode(Records(list(texts), ends, [None] * len(texts)))


def shown(ready: Ready) -> list[tuple[str, str]]:
    labels = ready.labels or []
    entries = [entry for raw in ready.entries for _, entry in iter_entries(encode_stream("{}", [raw]))]
    return [(text, entry.line) for text, entry in zip(labels, entries, strict=True)]


def instants(ready: Ready) -> list[int]:
    return ready.instants


def test_labels_and_lines_are_the_pipelines() -> None:
    bench = Bench(
        {"regex": {"expression": "(?P<level>[A-Z]+) (?P<rest>.*)"}},
        {"labels": {"level": ""}},
        {"output": {"source": "rest"}},
    )
    assert shown(bench.feed("WARN a", "INFO b")) == [
        ('{job="c", level="WARN"}', "a"),
        ('{job="c", level="INFO"}', "b"),
    ]


def test_what_is_dropped_counts_to_the_one_before_or_is_passed_over() -> None:
    bench = Bench({"drop": {"expression": "noise"}})
    ready = bench.feed("a", "noise", "b", "noise")
    assert (len(ready.entries), ready.ends) == (2, [20, 40])
    assert bench.feed("noise").entries == []
    assert bench.encoder.skipped == 50


def test_an_instant_of_the_pipeline_is_kept_to_the_nanosecond_and_equal_lines_stay_two() -> None:
    bench = Bench({"regex": {"expression": "^(?P<t>\\d+) "}}, {"timestamp": {"source": "t", "format": "Unix"}})
    ready = bench.feed(f"{EPOCH_S} a", f"{EPOCH_S} b", f"{EPOCH_S} a")
    assert instants(ready) == [EPOCH_S * SECOND, EPOCH_S * SECOND, EPOCH_S * SECOND + 1]


def test_a_joined_entry_is_held_and_the_file_is_not_acknowledged_beyond_it() -> None:
    bench = Bench(JOINED)
    assert bench.feed("BEGIN 1", "more").entries == []
    assert (bench.encoder.holding, bench.encoder.skipped) == (True, 0)
    ready = bench.feed("BEGIN 2")
    assert (shown(ready), ready.ends) == ([('{job="c"}', "BEGIN 1\nmore")], [20])
    bench.clock.seconds += 4
    assert bench.encoder.due_s() == 0
    assert shown(bench.encoder.flush(everything=False)) == [('{job="c"}', "BEGIN 2")]
    assert not bench.encoder.holding


def test_other_streams_wait_for_one_that_is_held_before_them() -> None:
    bench = Bench(*BY_STREAM)
    assert bench.feed("BEGIN 1 a", "BEGIN 2 b", "BEGIN 3 b").entries == []  # the first of b is complete, and waits
    assert bench.feed("more a", "BEGIN 4 a").entries == []  # the third is held, and stands inside of the first
    ready = bench.feed("BEGIN 5 b")
    assert [line for _, line in shown(ready)] == ["BEGIN 1 a\nmore a", "BEGIN 2 b", "BEGIN 3 b"]
    assert ready.bound == frozenset({0, 1})  # they overlap: one batch, or what was sent would be read again
    assert ready.ends[-1] == 40  # what comes behind is held


def test_streams_that_are_interleaved_without_end_are_not_held_for_ever() -> None:
    bench = Bench(*BY_STREAM)
    lines = ["BEGIN a", *(["more b", "BEGIN b", "more a"] * 5000)]
    assert len(bench.feed(*lines).entries) > 0


@given(st.lists(st.tuples(st.sampled_from(["BEGIN", "more"]), st.sampled_from("ab")), max_size=30), st.integers(1, 30))
def test_whatever_is_interleaved_every_line_leaves_once(pieces: list[tuple[str, str]], at: int) -> None:
    lines = [f"{kind} {n} {stream}" for n, (kind, stream) in enumerate(pieces)]
    bench = Bench(*BY_STREAM)
    out = shown(bench.feed(*lines[:at])) + shown(bench.feed(*lines[at:])) + shown(bench.encoder.flush(everything=True))
    assert sorted("\n".join(line for _, line in out).split("\n")) == sorted(lines or [""])
    assert not bench.encoder.holding


def test_what_stages_drop_and_cannot_read_is_counted_over_the_files_of_a_path() -> None:
    stages = [{"json": {"expressions": {"a": "a"}}}, {"drop": {"expression": "noise", "drop_counter_reason": "n"}}]
    bench = Bench(*stages)
    bench.feed("noise", "{}", "noise")
    bench.feed("noise")
    assert bench.health.dropped == {"/a": {"n": 3}}
    assert bench.health.unread_by_stage == {"/a": {"json": 3}}
    successor = Bench(*stages, health=bench.health)
    successor.feed("noise")
    assert bench.health.dropped == {"/a": {"n": 4}}
