"""Metrics of the `metrics` stage."""

import math
from typing import Any

import pytest

from kit.pipelines import made
from whodid.promtail import PipelineEntry
from whodid.promtail.metrics import MAX_SERIES, Vector


def fed(metrics: dict[str, Any], values: list[object], labels: dict[str, str] | None = None) -> list[Vector]:
    pipeline = made([{"metrics": metrics}])
    for value in values:
        extracted = {} if value is None else {"ms": value}
        pipeline.feed(PipelineEntry(dict(labels or {"job": "shop"}), "ü line", extracted=extracted))
    return pipeline.counters.vectors


@pytest.mark.parametrize(
    ("config", "values", "expected"),
    [
        ({"action": "inc"}, ["x", None, 5], 2),
        ({"action": "add"}, ["1.5", 2.0, True, "x", None, "250ms"], 4.75),
        ({"action": "inc", "value": "5"}, ["5", 5.0, "6"], 2),
        ({"match_all": True, "action": "inc"}, [None, "x"], 2),
        ({"match_all": True, "action": "add", "count_entry_bytes": True}, [None, None], 14),
        ({"action": "add"}, [2.0, -1.0], 2),
    ],
)
def test_counters(config: dict[str, Any], values: list[object], expected: float) -> None:
    (vector,) = fed({"took": {"type": "Counter", "source": "ms", "config": config}}, values)
    assert vector.name == "promtail_custom_took"
    assert [sample.value for sample in vector.collect(0)] == [expected]


@pytest.mark.parametrize(("action", "expected"), [("set", 2), ("inc", 2), ("dec", -2), ("add", 7), ("sub", -7)])
def test_gauges(action: str, expected: float) -> None:
    (vector,) = fed({"ms": {"type": "gauge", "prefix": "my_", "config": {"action": action}}}, [5, 2])
    assert vector.name == "my_ms"
    assert [sample.value for sample in vector.collect(0)] == [expected]


def test_histograms_put_a_value_into_its_bucket() -> None:
    config = {"buckets": [1, 5, math.inf]}
    (vector,) = fed({"ms": {"type": "histogram", "config": config}}, [1, 2, 5, 6, "NaN", "x"])
    (sample,) = vector.collect(0)
    assert (vector.buckets, sample.counts) == ((1.0, 5.0), [1, 2, 2])


def test_every_set_of_labels_has_its_value_and_prometheus_labels_only() -> None:
    metrics = {"n": {"type": "counter", "config": {"match_all": True, "action": "inc"}}}
    (vector,) = fed(metrics, [None], {"job": "shop", "a-b": "x", "__tenant_id__": "t"})
    assert [sample.labels for sample in vector.collect(0)] == [{"job": "shop"}]


def test_what_idled_too_long_is_forgotten_when_it_has_been_told() -> None:
    vector = Vector("n", "counter", "", max_idle_s=60)
    vector.add({"a": "1"}, 1, 0)
    vector.add({"a": "2"}, 1, 30)
    assert len(vector.collect(70)) == 2
    assert [sample.labels for sample in vector.collect(70)] == [{"a": "2"}]


def test_sets_of_labels_are_bounded() -> None:
    vector = Vector("n", "gauge", "", max_idle_s=60)
    for n in range(MAX_SERIES + 5):
        vector.set({"a": str(n)}, 1, 0)
    assert (len(vector.collect(0)), vector.refused) == (MAX_SERIES, 5)
