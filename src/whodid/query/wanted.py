"""Which labels a metric query needs of its parsers: the ones it filters, writes, unwraps or groups by.

A parser stops when it has found them all, so that a fault behind them is no error, and where none is needed it does
not run at all. Queries that keep every label want every label. What a label filter says of one label it says as soon
as a parser has found that label, even where the filter stands before the parser or a stage between them takes the label
away (Loki 3.7; grafana/loki#24565). samples.py asks; line.py and the parsers obey. Source: Loki's parser hints.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from whodid.logql.ast import (
    AndPredicate,
    Drop,
    Grouping,
    JsonParser,
    Keep,
    LabelFilter,
    LabelFormat,
    LineFormat,
    LogfmtParser,
    LogQuery,
    OrPredicate,
    PatternParser,
    Predicate,
    RegexpParser,
    Stage,
    StringPredicate,
    Unpack,
    Unwrap,
)
from whodid.query import template
from whodid.query.line import ERROR, EXTRACTED

_PARSERS = (JsonParser, LogfmtParser, RegexpParser, PatternParser)
_CHANGERS = (LabelFormat, Drop, Keep)
"""Stages behind which a label is not what the parser found."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a metric query needs of its lines."""

    names: frozenset[str] | None
    """Of the labels; None: all of them."""
    keeps_parse_errors: bool = False
    """The query asks about `__error__` itself, so a parser's failure is an answer."""
    checks: tuple[tuple[str, Predicate], ...] = ()
    """What has to hold of a label when a parser finds it, where the filters at their own places do not say it all."""

    def reduced(self, query: LogQuery) -> LogQuery:
        """The query without parsers from which nothing is wanted."""
        if self.names is None or self.names:
            return query
        return LogQuery(query.selector, tuple(stage for stage in query.stages if not isinstance(stage, _PARSERS)))


def wanted(query: LogQuery, unwrap: Unwrap | None, grouping: Grouping | None) -> Wanted:
    """What the query needs to be grouped so; None: not at all."""
    if grouping is None or grouping.without:
        return Wanted(None, checks=tuple(_checks(query.stages, unwrap)))
    asked = {*_of_stages(query), *grouping.labels}
    if unwrap is not None:
        asked |= {unwrap.label, *(name for stage in unwrap.filters for name in names_of_predicate(stage.predicate))}
    # A parsed label whose name is taken gets the suffix; asking for it asks for the plain name.
    names = asked | {name.removesuffix(EXTRACTED) for name in asked}
    # A grouping by labels leaves no room for the checks in Loki's hints.
    checks = () if grouping.labels else tuple(_checks(query.stages, unwrap))
    return Wanted(frozenset(names), ERROR in names, checks)


def _checks(stages: tuple[Stage, ...], unwrap: Unwrap | None) -> Iterator[tuple[str, Predicate]]:
    """Of each label the first filter that speaks of it alone, if an early answer may be another one."""
    behind = unwrap.filters if unwrap is not None and len(unwrap.filters) == 1 else ()
    line = (*stages, *behind)
    seen: set[str] = set()
    for i, stage in enumerate(line):
        if not isinstance(stage, LabelFilter) or isinstance(stage.predicate, AndPredicate | OrPredicate):
            continue
        (name,) = names_of_predicate(stage.predicate)
        if name not in seen and any(_parses(line[at]) and _is_early(line, at, i) for at in range(len(line))):
            yield name, stage.predicate
        seen.add(name)


def _parses(stage: Stage) -> bool:
    """Whether it finds labels that it was not told of."""
    if isinstance(stage, JsonParser | LogfmtParser):
        return not stage.extractions
    return isinstance(stage, RegexpParser | PatternParser | Unpack)


def _is_early(line: tuple[Stage, ...], parser: int, label_filter: int) -> bool:
    return label_filter < parser or any(isinstance(stage, _CHANGERS) for stage in line[parser:label_filter])


def _of_stages(query: LogQuery) -> Iterator[str]:
    for stage in query.stages:
        match stage:
            case LabelFilter(predicate):
                yield from names_of_predicate(predicate)
            case LineFormat(text):
                yield from template.fields(text)
            case LabelFormat(assignments):
                for item in assignments:
                    yield from template.fields(item.value) if item.is_template else _one(item.value)
            case _:
                pass


def _one(name: str) -> Iterable[str]:
    return (name,)


def names_of_predicate(predicate: Predicate) -> Iterator[str]:
    """The labels that it speaks of, as often as it does."""
    match predicate:
        case AndPredicate(left, right) | OrPredicate(left, right):
            yield from names_of_predicate(left)
            yield from names_of_predicate(right)
        case StringPredicate(matcher):
            yield matcher.name
        case _:
            yield predicate.name
