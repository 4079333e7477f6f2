"""What the engine can do of a metric query whose labels come out of the lines: conditions, labels and numbers as SQL.

The parsers' and filters' SQL is in columns/; here the stages are put together, with the rows that only Python can
judge kept apart: those in `doubt`. Both halves are disjoint and complete, whatever the lines hold, so that the
callers (counted.py, numbered.py) add the two answers. A stage or a name that SQL cannot say at all makes it a query
for Python alone (None).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from whodid.logql.ast import (
    Drop,
    JsonParser,
    LabelFilter,
    LineFilter,
    LogfmtParser,
    LogQuery,
    PatternParser,
    Predicate,
    RegexpParser,
    Stage,
    StringPredicate,
    Unwrap,
)
from whodid.model.entry import Labels
from whodid.query import columns, selector
from whodid.query.columns import ABSENT, Aliases, Column, Condition, Parsed
from whodid.query.columns.column import any_of
from whodid.query.line import ERROR, ERROR_DETAILS, EXTRACTED
from whodid.query.planner import Plan
from whodid.query.stages import Scope, line_filter
from whodid.query.wanted import Wanted

BESIDE = "kept"
"""Begins the aliases of what is kept beside the lines, which stand in one statement with the others."""
_PARSERS = JsonParser | LogfmtParser | RegexpParser | PatternParser


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """A pipeline as SQL."""

    definitions: tuple[str, ...]
    """`expression AS name`, for the statement's WITH."""
    lines: tuple[str, ...]
    """Conditions that need no parser."""
    holds: str
    """Condition of the row being kept, if it is in no doubt."""
    doubt: str
    """Condition of the row being left to Python; of those that it covers, `holds` may say anything."""
    labels: Mapping[str, Column]
    """The labels that are asked for."""
    number: str
    """Float64 of `unwrap`; empty without."""
    known: str = ""
    """Condition of the rows whose labels are kept beside them, of which alone the plan speaks; empty: of all."""


@dataclass(frozen=True, slots=True)
class EnginePlans:
    """A query as SQL, in one or two ways."""

    text: EnginePlan
    """For any row; its doubts are Python's."""
    kept: EnginePlan | None
    """For rows whose labels are kept beside them (columns/json_fields.py); None: there can be none."""

    @property
    def rest(self) -> EnginePlan:
        """For the rows of which `kept` does not speak."""
        assert self.kept is not None
        return replace(self.text, lines=(*self.text.lines, f"NOT ({self.kept.known})"))

    def left_to_python(self, plan: Plan) -> Plan:
        """The rest of the plan: the rows that are in doubt. A row may come to be known while they are read: then it is
        in the other's doubt.
        """
        ways = [self.text] if self.kept is None else [self.rest]
        if self.kept is not None and self.kept.doubt != "false":
            ways.append(replace(self.kept, lines=(*self.kept.lines, f"({self.kept.known})")))
        in_doubt = any_of(*(" AND ".join((*way.lines, f"({way.doubt})")) for way in ways))
        definitions = (text for way in ways for text in way.definitions)
        return replace(
            plan,
            definitions=(*plan.definitions, *definitions),
            conditions=(*plan.conditions, f"({in_doubt})"),
            eager=True,
        )


def in_engine(query: LogQuery, plan: Plan, wanted: Wanted, unwrap: Unwrap | None) -> EnginePlans | None:
    """The query's stages, with the labels in `wanted.names`; `plan` is the same query's. None: SQL cannot say them."""
    text = planned(query, plan, wanted, unwrap, Aliases(), beside=False)
    if text is None:
        return None
    return EnginePlans(text, planned(query, plan, wanted, unwrap, Aliases(prefix=BESIDE), beside=True))


def planned(
    query: LogQuery, plan: Plan, wanted: Wanted, unwrap: Unwrap | None, aliases: Aliases, *, beside: bool
) -> EnginePlan | None:
    """One of the ways, or None; `beside`: the one for rows whose labels are kept beside them."""
    names = wanted.names
    if names is None or wanted.checks or any(name.endswith(EXTRACTED) for name in names):
        return None
    made = _Pipeline(plan.streams, names - {ERROR, ERROR_DETAILS}, wanted, beside, aliases)
    if not all(made.add(stage) for stage in query.stages):
        return None
    if beside and not made.beside_of:
        return None
    number = ""
    if unwrap is not None:
        text = made.column(unwrap.label)
        if text is None:
            return None
        read = columns.unwrapped_number(text.value, unwrap.conversion, made.aliases)
        made.require(text)
        made.conditions.append(Condition(f"{text.value} != ''", f"{text.value} != '' AND NOT ({read.read})"))
        number = read.value
        if not all(made.add(stage) for stage in unwrap.filters):
            return None
    return made.plan(number)


@dataclass(slots=True)
class _Pipeline:
    """The labels as they stand, stage by stage."""

    streams: Mapping[int, Labels]
    names: frozenset[str]
    wanted: Wanted
    beside: bool
    """Whether `| json` is answered by what is kept beside the lines."""
    aliases: Aliases
    known: dict[str, Column] = field(default_factory=dict)
    """Columns by name, until a parser changes them."""
    lines: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    parsed: list[Parsed] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)
    beside_of: str = ""
    """Rows that have what `| json` was answered by."""
    fails: str = ""
    """Rows that stand marked with `error`."""
    error: str = ""

    def add(self, stage: Stage) -> bool:
        """False if SQL cannot say the stage."""
        match stage:
            case LineFilter():
                fragment = line_filter.sql(stage, Scope(self.streams))
                if fragment is None or not fragment.exact:
                    return False
                self.lines.append(f"({fragment.condition})")
                return True
            case JsonParser() | LogfmtParser() | RegexpParser() | PatternParser():
                return not self.dropped and self._parse(stage)
            case LabelFilter(predicate):
                condition = self._filter(predicate)
                if isinstance(predicate, StringPredicate) and not _tested(predicate)(""):
                    self.require(self.column(predicate.matcher.name))
                if condition is not None:
                    self.conditions.append(condition)
                return condition is not None
            case Drop():
                return self._drop(stage)
            case _:
                return False

    def column(self, name: str) -> Column | None:
        """A label as it stands. What is stored under the name goes before what parsers found."""
        if name == ERROR:
            value = f"if({self.fails}, '{self.error}', '')" if self.fails else "''"
            return Column(value, self.fails or "false")
        if name == ERROR_DETAILS:
            return None if self.fails else ABSENT
        if name in self.dropped:
            return ABSENT
        stored = columns.stored_column(name, self.streams)
        found = [parsed.columns[name] for parsed in self.parsed if name in parsed.columns]
        if stored.present == "true" or not found:
            return stored
        if name in self.known:
            return self.known[name]
        value = present = ""
        for column in (*reversed(found), stored):
            value = f"if({column.present}, {column.value}, {value})" if value else column.value
            present = any_of(column.present, present)
        needs = any_of(stored.present, *(column.needs for column in found)) if all(c.needs for c in found) else ""
        self.known[name] = Column(self.aliases.named(value), f"({present})", needs)
        return self.known[name]

    def require(self, column: Column | None) -> None:
        """No row is kept whose value is empty: those of which that is clear need not be looked at."""
        if column is not None and column.needs and f"({column.needs})" not in self.lines:
            self.lines.append(f"({column.needs})")

    def plan(self, number: str) -> EnginePlan | None:
        asked = self.names | ({ERROR} if ERROR in (self.wanted.names or ()) else set())
        labels = {name: column for name in asked if (column := self.column(name)) is not None}
        holds = " AND ".join(f"({condition.holds})" for condition in self.conditions) or "true"
        doubt = any_of(
            *(condition.doubt for condition in self.conditions),
            *(parsed.doubt for parsed in self.parsed),
            *(f"({column.present}) AND {column.value} = '' AND {holds}" for column in self._perhaps_empty(labels)),
        )
        if self.fails and not self.wanted.keeps_parse_errors:
            # A row that is kept with its mark fails the query, in Python's words.
            doubt = any_of(doubt, f"({self.fails}) AND {holds}")
        definitions = tuple(self.aliases.definitions)
        return EnginePlan(definitions, tuple(self.lines), holds, doubt or "false", labels, number, self.beside_of)

    def _perhaps_empty(self, labels: Mapping[str, Column]) -> list[Column]:
        """What a parser may find empty, which is another series than where it finds nothing."""
        found = {
            name
            for parsed in self.parsed
            for name, column in parsed.columns.items()
            if column.present != f"{column.value} != ''"
        }
        return [column for name, column in labels.items() if name in found]

    def _parse(self, stage: _PARSERS) -> bool:
        names = sorted(name for name in self.names if columns.stored_column(name, self.streams).present != "true")
        parsed: Parsed | None
        match stage:
            case RegexpParser():
                parsed = columns.regexp_columns(stage, names, self.aliases)
            case PatternParser():
                parsed = columns.pattern_columns(stage, names, self.aliases)
            case _ if self.parsed or self.fails:
                return False  # whether it stops early depends on what the parsers before it have found
            case JsonParser() if self.beside:
                parsed = self._parse_beside(stage, names)
            case JsonParser():
                parsed = columns.json_columns(stage, names, self.aliases, self._sates(names))
            case LogfmtParser():
                parsed = columns.logfmt_columns(stage, names, self.aliases)
        if parsed is None:
            return False
        self.parsed.append(parsed)
        self.known.clear()
        if parsed.fails:
            self.fails, self.error = parsed.fails, parsed.error
        return True

    def _parse_beside(self, stage: JsonParser, names: list[str]) -> Parsed | None:
        kept = columns.kept_json_columns(stage, names)
        if kept is None:
            return None
        parsed, self.beside_of = kept
        return parsed

    def _sates(self, names: list[str]) -> str:
        """Where nothing but these names is wanted of a parser, so that it stops behind the last of them."""
        if frozenset(names) != self.wanted.names:
            return "false"
        stored = any_of(*(columns.stored_column(name, self.streams).present for name in names))
        return f"NOT ({stored})"

    def _filter(self, predicate: Predicate) -> Condition | None:
        if isinstance(predicate, StringPredicate) and predicate.matcher.name in (ERROR, ERROR_DETAILS):
            # Rows that other stages mark are in doubt, so there are two cases.
            holds = _tested(predicate)
            if not self.fails:
                return Condition("true" if holds("") else "false")
            if predicate.matcher.name == ERROR_DETAILS:
                return None
            return Condition(f"if({self.fails}, {_bool(holds(self.error))}, {_bool(holds(''))})")
        return columns.filter_condition(predicate, self.column, self.aliases)

    def _drop(self, stage: Drop) -> bool:
        if any(choice.op is not None for choice in stage.choices):
            return False
        for choice in stage.choices:
            if choice.name == ERROR:
                self.fails = self.error = ""
            elif choice.name != ERROR_DETAILS:
                self.dropped.add(choice.name)
        return True


def _tested(predicate: StringPredicate) -> Callable[[str], bool]:
    return selector.test(selector.as_label_filter(predicate.matcher))


def _bool(value: bool) -> str:
    return "true" if value else "false"
