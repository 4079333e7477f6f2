"""Matchers on stored values: what `=`, `!=`, `=~` and `!~` mean, and which streams a selector names.

An absent label equals the empty string. The table of lines is only ever asked for the stream ids found here.
"""

from collections.abc import Callable, Mapping, Sequence

from whodid.model.entry import Labels
from whodid.model.matcher import Matcher
from whodid.query.plain_filters import label_expression
from whodid.query.regex import anchored, compiled


def as_label_filter(matcher: Matcher) -> Matcher:
    """The matcher as a label filter of a pipeline means it, other than a selector (plain_filters.py)."""
    if matcher.op not in ("=~", "!~"):
        return matcher
    return Matcher(matcher.name, matcher.op, label_expression(matcher.value))


def test(matcher: Matcher) -> Callable[[str], bool]:
    """The matcher as a function of the label's value. Raises QueryError for a bad regular expression."""
    value = matcher.value
    if matcher.op == "=":
        return lambda text: text == value
    if matcher.op == "!=":
        return lambda text: text != value
    search = compiled(anchored(value)).search
    if matcher.op == "=~":
        return lambda text: search(text) is not None
    return lambda text: search(text) is None


def select(streams: Mapping[int, Labels], matchers: Sequence[Matcher]) -> dict[int, Labels]:
    """The streams for which every matcher holds."""
    tests = [(matcher.name, test(matcher)) for matcher in matchers]
    return {
        stream_id: labels
        for stream_id, labels in streams.items()
        if all(holds(labels.get(name, "")) for name, holds in tests)
    }
