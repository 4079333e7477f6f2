"""Which labels a metric query needs of its parsers: the ones it filters, writes, unwraps or groups by.

A parser stops when it has found them all, so that a fault behind them is no error, and where none is needed it does
not run at all. Queries that keep every label want every label. samples.py asks; line.py and the parsers obey. Source:
Loki's parser hints, as its answers show them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from whodid.logql.ast import (
    AndPredicate,
    Grouping,
    JsonParser,
    LabelFilter,
    LabelFormat,
    LineFormat,
    LogfmtParser,
    LogQuery,
    OrPredicate,
    PatternParser,
    Predicate,
    RegexpParser,
    StringPredicate,
    Unwrap,
)
from whodid.query import template
from whodid.query.line import ERROR, EXTRACTED

_PARSERS = (JsonParser, LogfmtParser, RegexpParser, PatternParser)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a metric query needs of its lines."""

    names: frozenset[str] | None
    """Of the labels; None: all of them."""
    keeps_parse_errors: bool = False
    """The query asks about `__error__` itself, so a parser's failure is an answer."""

    def reduced(self, query: LogQuery) -> LogQuery:
        """The query without parsers from which nothing is wanted."""
        if self.names is None or self.names:
            return query
        return LogQuery(query.selector, tuple(stage for stage in query.stages if not isinstance(stage, _PARSERS)))


EVERYTHING = Wanted(None)


def wanted(query: LogQuery, unwrap: Unwrap | None, grouping: Grouping | None) -> Wanted:
    """What the query needs to be grouped so; None: not at all."""
    if grouping is None or grouping.without:
        return EVERYTHING
    asked = {*_of_stages(query), *grouping.labels}
    if unwrap is not None:
        asked |= {unwrap.label, *(name for stage in unwrap.filters for name in _of_predicate(stage.predicate))}
    # A parsed label whose name is taken gets the suffix; asking for it asks for the plain name.
    names = asked | {name.removesuffix(EXTRACTED) for name in asked}
    return Wanted(frozenset(names), ERROR in names)


def _of_stages(query: LogQuery) -> Iterator[str]:
    for stage in query.stages:
        match stage:
            case LabelFilter(predicate):
                yield from _of_predicate(predicate)
            case LineFormat(text):
                yield from template.fields(text)
            case LabelFormat(assignments):
                for item in assignments:
                    yield from template.fields(item.value) if item.is_template else _one(item.value)
            case _:
                pass


def _one(name: str) -> Iterable[str]:
    return (name,)


def _of_predicate(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case AndPredicate(left, right) | OrPredicate(left, right):
            yield from _of_predicate(left)
            yield from _of_predicate(right)
        case StringPredicate(matcher):
            yield matcher.name
        case _:
            yield predicate.name
