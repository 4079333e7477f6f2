"""Counters, gauges and histograms of the `metrics` stage, one value per set of labels, with Prometheus' meaning.

A set of labels that was not touched for `max_idle_s` goes when the values are collected. Labels that Prometheus refuses
(`__x`, a name with a dash) are left out. Bounded: beyond MAX_SERIES sets further ones are counted in `refused`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from whodid.model.labels import LABEL_NAME

MAX_SERIES: Final = 10_000
DEFAULT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Sample:
    """The value of one set of labels. Of a histogram `value` is the sum, `counts` those of its buckets, the last of
    them `+Inf`, not cumulated."""

    labels: dict[str, str]
    touched_s: float
    value: float = 0.0
    counts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Vector:
    """One metric."""

    name: str
    kind: Kind
    description: str
    max_idle_s: int
    buckets: Sequence[float] = ()
    refused: int = 0
    """Values that could not be taken: too many sets of labels, a counter that would fall."""
    _samples: dict[Labels, Sample] = field(default_factory=dict)

    def add(self, labels: Mapping[str, str], amount: float, now_s: float) -> None:
        """A counter only rises."""
        if self.kind == "counter" and not amount >= 0:
            self.refused += 1
        elif sample := self._sample(labels, now_s):
            sample.value += amount

    def set(self, labels: Mapping[str, str], value: float, now_s: float) -> None:
        if sample := self._sample(labels, now_s):
            sample.value = value

    def observe(self, labels: Mapping[str, str], value: float, now_s: float) -> None:
        """Puts a value into its bucket."""
        if sample := self._sample(labels, now_s):
            sample.value += value
            # NaN is in no bucket but the last, as in Prometheus.
            sample.counts[bisect_left(self.buckets, value) if value == value else len(self.buckets)] += 1

    def collect(self, now_s: float) -> list[Sample]:
        """The values; those that idled too long are handed out once more and then forgotten, as Promtail has it."""
        samples = list(self._samples.values())
        self._samples = {
            key: sample for key, sample in self._samples.items() if now_s - sample.touched_s < self.max_idle_s
        }
        return samples

    def _sample(self, labels: Mapping[str, str], now_s: float) -> Sample | None:
        key = tuple(sorted(labels.items()))
        sample = self._samples.get(key)
        if sample is None:
            if len(self._samples) >= MAX_SERIES:
                self.refused += 1
                return None
            taken = {name: value for name, value in key if LABEL_NAME.fullmatch(name) and not name.startswith("__")}
            counts = [0] * (len(self.buckets) + 1) if self.kind == "histogram" else []
            sample = self._samples[key] = Sample(taken, now_s, counts=counts)
        sample.touched_s = now_s
        return sample
