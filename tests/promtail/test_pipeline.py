"""What holds for every pipeline: nothing raises on any line, no record is lost or doubled, what is held is told."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.pipelines import made
from whodid.promtail import PipelineEntry

MULTILINE = {"multiline": {"firstline": "^[ab]", "max_lines": 3}}
BY_LETTER = [{"regex": {"expression": r"(?P<letter>[a-e])"}}, {"labels": {"letter": None}}]
STAGES: list[Any] = [
    *BY_LETTER,
    MULTILINE,
    {"cri": {"max_partial_lines": 2}},
    {"docker": None},
    {"match": {"selector": '{job="shop"} |= "c"', "stages": [MULTILINE, {"decolorize": None}]}},
    {"drop": {"expression": "[de]$"}},
    {"json": {"expressions": {"a": "a.b", "c": "length(c)", "d": "d[*].x"}}},
    {"logfmt": {"mapping": {"a": None, "t": "ts"}}},
    {"replace": {"expression": "(a+)(?P<b>b?)", "replace": "{{ .Value }}-{{ .a }}"}},
    {"template": {"source": "a", "template": '{{ .Value | trunc 2 }}{{ splitList "a" .Entry | join "," }}'}},
    {"timestamp": {"source": "t", "format": "Unix", "fallback_formats": ["RFC3339Nano", "Jan 2 15:04"]}},
    {"output": {"source": "a"}},
    {"pack": {"labels": ["a", "letter"]}},
    {"structured_metadata": {"a": None}},
    {"static_labels": {"x": "y"}},
    {"sampling": {"rate": 0.9}},
    {
        "metrics": {
            "n": {"type": "histogram", "source": "a", "config": {}},
            "m": {"type": "gauge", "config": {"action": "set"}},
        }
    },
    {"limit": {"rate": 1000, "burst": 3, "drop": True, "by_label_name": "letter"}},
]
LINES = st.one_of(
    st.text(alphabet="abcde \n", max_size=8),
    st.text(max_size=20),
    st.text(st.characters(codec=None), max_size=8),
    st.sampled_from(
        [
            "2026-01-05T10:00:00Z stdout P a",
            "2026-01-05T10:00:00Z stdout F b",
            '{"a": {"b": [1]}, "c": 1, "d": [{"x": null}]}',
            '{"log": "x", "stream": "stdout", "time": "1"}',
            'a="b" t=ts=',
            "\ud800",
            "9" * 400,
        ]
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(STAGES), max_size=5), st.lists(LINES, max_size=12), st.data())
def test_no_line_is_too_odd(stages: list[Any], lines: list[str], data: st.DataObject) -> None:
    pipeline, out = made(stages), []
    for number, line in enumerate(lines):
        out += pipeline.feed(PipelineEntry({"job": "shop"}, line, first=number, last=number))
        if data.draw(st.booleans()):
            made.clock.ns += 10 * 10**9
            out += pipeline.flush(False)
        held = pipeline.held
        assert held is None or 0 <= held <= number
        assert (held is None) is (pipeline.due_s() is None)
    out += pipeline.flush(True)
    assert pipeline.held is None and pipeline.due_s() is None
    assert all(0 <= entry.first <= entry.last < len(lines) for entry in out)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="abcP ", min_size=1, max_size=3), max_size=25), st.booleans(), st.booleans())
def test_every_record_is_in_one_entry(texts: list[str], splits: bool, nests: bool) -> None:
    """Lines carry their number; what is joined shows them all, and `first` and `last` are the outermost."""
    inner: list[Any] = [*BY_LETTER, MULTILINE] if splits else [MULTILINE]
    stages: list[Any] = [{"match": {"selector": '{job="shop"} !~ "c$"', "stages": inner}}] if nests else inner
    pipeline, out = made(stages), []
    for number, text in enumerate(texts):
        done = pipeline.feed(PipelineEntry({"job": "shop"}, f"{text}#{number}", first=number, last=number))
        out += done
        known = {int(line.rpartition("#")[2]) for entry in out for line in entry.line.split("\n")}
        missing = set(range(number + 1)) - known
        assert pipeline.held == min(missing, default=None)
    out += pipeline.flush(True)
    numbers = [[int(line.rpartition("#")[2]) for line in entry.line.split("\n")] for entry in out]
    assert sorted(number for some in numbers for number in some) == list(range(len(texts)))
    assert [(entry.first, entry.last) for entry in out] == [(min(some), max(some)) for some in numbers]


def test_what_was_held_long_enough_is_due() -> None:
    pipeline = made([{"multiline": {"firstline": "^a", "max_wait_time": "2s"}}])
    assert pipeline.due_s() is None
    pipeline.feed(PipelineEntry({}, "a"))
    made.clock.ns += 500_000_000
    assert pipeline.due_s() == 1.5
    assert pipeline.flush(False) == []
    made.clock.ns += 1_500_000_000
    assert [entry.line for entry in pipeline.flush(False)] == ["a"]


def test_a_limit_without_drop_makes_the_reader_wait() -> None:
    pipeline = made([{"limit": {"rate": 2, "burst": 1}}])
    assert pipeline.wait_s() == 0
    for _ in range(3):
        pipeline.feed(PipelineEntry({}, "a"))
    assert pipeline.wait_s() == 1.0
    made.clock.ns += 10**9
    assert pipeline.wait_s() == 0


def test_what_stages_could_not_read_is_counted() -> None:
    pipeline = made([{"json": {"expressions": {"a": None}}}, {"timestamp": {"source": "a", "format": "Unix"}}])
    pipeline.feed(PipelineEntry({}, "no json"))
    assert pipeline.counters.unparsed == {"json": 1, "timestamp": 1}


def test_what_is_odd_about_a_pipeline_is_noted() -> None:
    pipeline = made([{"replace": {"expression": "(a)", "replace": "{{ nosuch }}"}}])
    assert "pipeline_stages[0].replace.replace" in pipeline.counters.notes[0]
