"""`limit`: at most `rate` entries a second, `burst` at once. With `drop` what is over is dropped, else it has to wait.

Waiting is the reader's: an entry goes on at once, and `Pipeline.wait_s` says how long to read nothing further. With
`by_label_name` each value has a bucket, the oldest forgotten beyond `max_distinct_labels`. Source: Promtail's manual
and golang.org/x/time/rate.
"""

from collections import OrderedDict
from typing import Final

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools

_LEAST_LABELS: Final = 10_000
_REASON: Final = "ratelimit_drop_stage"


class Bucket:
    """Tokens that drip in at a rate, up to a burst."""

    __slots__ = ("_at_s", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now_s: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at_s = float(burst), now_s

    def take(self, now_s: float, *, on_credit: bool = False) -> bool:
        """Takes a token; False if there is none, and then none is taken unless `on_credit`."""
        self._drip(now_s)
        enough = self._tokens >= 1
        if enough or on_credit:
            self._tokens -= 1
        return enough

    def debt_s(self, now_s: float) -> float:
        """How long until nothing is owed."""
        self._drip(now_s)
        return max(0.0, -self._tokens / self._rate)

    def _drip(self, now_s: float) -> None:
        self._tokens = min(float(self._burst), self._tokens + (now_s - self._at_s) * self._rate)
        self._at_s = now_s


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place, weak=True)
    rate, burst = settings.number("rate") or 0.0, settings.whole("burst") or 0
    drops, label = settings.flag("drop") or False, settings.text("by_label_name")
    most = settings.whole("max_distinct_labels") or 0
    if not (rate > 0 and burst > 0):
        raise settings.wrong("needs a rate and a burst above 0, such as `rate: 100` and `burst: 1000`")
    if label and not drops:
        raise settings.wrong("must be true where by_label_name is set", "drop")
    if label:
        return _by_label(label, rate, burst, max(most, _LEAST_LABELS), tools)
    bucket = Bucket(rate, burst, tools.monotonic_s())
    if not drops:
        tools.debts.append(bucket.debt_s)
    counters, monotonic_s = tools.counters, tools.monotonic_s

    def step(entry: PipelineEntry) -> bool:
        return bucket.take(monotonic_s(), on_credit=not drops) or not drops or counters.drop(_REASON)

    return step


def _by_label(label: str, rate: float, burst: int, most: int, tools: Tools) -> Step:
    buckets: OrderedDict[str, Bucket] = OrderedDict()
    counters, monotonic_s = tools.counters, tools.monotonic_s

    def step(entry: PipelineEntry) -> bool:
        value = entry.labels.get(label)
        if value is None:
            return True
        now_s = monotonic_s()
        bucket = buckets.get(value)
        if bucket is None:
            if len(buckets) >= most:
                buckets.popitem(last=False)
            bucket = buckets[value] = Bucket(rate, burst, now_s)
        else:
            buckets.move_to_end(value)
        return bucket.take(now_s) or counters.drop(_REASON)

    return step
