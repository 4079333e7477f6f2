"""The contract of this room: what a rule is, as read from a rule file, and the tests a file carries for it.

Frozen data only. load.py makes these from YAML, evaluator.py judges them, selftest.py runs the tests. The words and
their meaning are those of Prometheus' and Loki's rule files; `instant` and `tests` are whodid's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from whodid.logql.ast import Expr, LogQuery

RuleKind = Literal["alert", "record"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a group."""

    name: str
    """The alert's name, or the name of the recorded series."""
    kind: RuleKind
    group: str
    key: str
    """Names this rule over restarts: `file;group;name`, with `#2` for the second of that name."""
    expr: str
    """The expression as written."""
    parsed: Expr
    for_ns: int
    keep_firing_for_ns: int
    labels: Mapping[str, str]
    """The group's labels with the rule's own over them; values are templates."""
    annotations: Mapping[str, str]
    """Values are templates."""
    instant: bool
    """Judged on every commit. A log query always is: each line it yields is a hit. A metric expression with
    `instant: true` is evaluated after commits as well as on the group's interval."""
    file: str
    line: int

    @property
    def per_line(self) -> bool:
        """Whether each line of the query's result is a hit of its own."""
        return isinstance(self.parsed, LogQuery)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated together, in order, at the same instant."""

    name: str
    file: str
    interval_ns: int
    query_offset_ns: int
    """Expressions are evaluated at this much before now."""
    limit: int
    """More alerts (or series) than this from one rule are an error of the rule; 0: no limit."""
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class SampleLine:
    """Input of a test: one line, or the same line several times."""

    labels: Mapping[str, str]
    metadata: Mapping[str, str]
    line: str
    offset_ns: int
    """After the test's start."""
    repeat: int
    every_ns: int
    """The distance of the repetitions."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One alert that a test expects. What is named must be equal; labels not named are not looked at."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    value: float | None


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A test of one rule: these lines, and exactly so many alerts."""

    name: str
    rule: str
    """The name of the alert it tests."""
    lines: tuple[SampleLine, ...]
    at_ns: int | None
    """When the rule is judged, after the test's start; None: at the instant of the last line."""
    fires: tuple[Expectation, ...]
    """Empty: nothing may fire."""
    file: str
    line: int
