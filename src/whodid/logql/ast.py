"""The tree of a LogQL query: frozen nodes, closed unions, no behaviour.

Knows no storage and holds no run-time state. The parser builds it, check.py judges it, printer.py writes it back,
query/ gives it meaning. Grammar: Grafana Loki 3.7's LogQL. Durations are ns, byte sizes are bytes.
"""

from dataclasses import dataclass
from typing import Literal

from whodid.model.matcher import Matcher, MatchOp

CompareOp = Literal["=", "!=", ">", ">=", "<", "<="]
"""`==` in the text becomes `=` here."""
LineFilterOp = Literal["|=", "!=", "|~", "!~", "|>", "!>"]
BinaryOp = Literal["+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<=", "and", "or", "unless"]


@dataclass(frozen=True, slots=True)
class Selector:
    """`{job="database", host=~"p.*"}`"""

    matchers: tuple[Matcher, ...]


# ---- stages -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineOperand:
    """One alternative of a line filter: text (or a regular expression, or a pattern) or `ip("…")`."""

    value: str
    ip: bool = False


@dataclass(frozen=True, slots=True)
class LineFilter:
    """`|= "a" or "b"`: keeps a line if any operand matches; negative operators drop it if any matches."""

    op: LineFilterOp
    operands: tuple[LineOperand, ...]


@dataclass(frozen=True, slots=True)
class Extraction:
    """`name="path"` of a json or logfmt parser; a bare `name` has path == name."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class JsonParser:
    """`| json` or `| json a="x.y[0]", b`; no extractions means all leaves."""

    extractions: tuple[Extraction, ...] = ()


@dataclass(frozen=True, slots=True)
class LogfmtParser:
    """`| logfmt [--strict] [--keep-empty] [a="k", b]`"""

    strict: bool = False
    keep_empty: bool = False
    extractions: tuple[Extraction, ...] = ()


@dataclass(frozen=True, slots=True)
class RegexpParser:
    """`| regexp "(?P<name>…)"`"""

    pattern: str


@dataclass(frozen=True, slots=True)
class PatternParser:
    """`| pattern "<ip> - <_>"`"""

    pattern: str


@dataclass(frozen=True, slots=True)
class Unpack:
    """`| unpack`"""


@dataclass(frozen=True, slots=True)
class StringPredicate:
    """`| label = "value"`, `!=`, `=~`, `!~` (regular expressions are anchored)."""

    matcher: Matcher


@dataclass(frozen=True, slots=True)
class NumberPredicate:
    """`| status >= 500`"""

    name: str
    op: CompareOp
    value: float


@dataclass(frozen=True, slots=True)
class DurationPredicate:
    """`| took > 250ms`; `value_ns` in nanoseconds."""

    name: str
    op: CompareOp
    value_ns: int


@dataclass(frozen=True, slots=True)
class BytesPredicate:
    """`| size > 20MB`"""

    name: str
    op: CompareOp
    value_bytes: int


@dataclass(frozen=True, slots=True)
class IpPredicate:
    """`| client = ip("10.0.0.0/8")` or `!=`"""

    name: str
    op: Literal["=", "!="]
    value: str


@dataclass(frozen=True, slots=True)
class AndPredicate:
    """`a and b`, `a, b` or `a b`."""

    left: "Predicate"
    right: "Predicate"


@dataclass(frozen=True, slots=True)
class OrPredicate:
    """`a or b`"""

    left: "Predicate"
    right: "Predicate"


Predicate = (
    StringPredicate | NumberPredicate | DurationPredicate | BytesPredicate | IpPredicate | AndPredicate | OrPredicate
)


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """A stage that keeps the entries for which the predicate holds."""

    predicate: Predicate


@dataclass(frozen=True, slots=True)
class LineFormat:
    """`| line_format "{{.user}}"`"""

    template: str


@dataclass(frozen=True, slots=True)
class LabelAssignment:
    """`to=from` (rename: `is_template` False, `value` the source label) or `to="template"`."""

    name: str
    value: str
    is_template: bool


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """`| label_format a=b, c="{{.d}}"`"""

    assignments: tuple[LabelAssignment, ...]


@dataclass(frozen=True, slots=True)
class Decolorize:
    """`| decolorize`"""


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """One item of drop or keep: a name, or a name with a condition."""

    name: str
    op: MatchOp | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """`| drop a, b="x"`"""

    choices: tuple[LabelChoice, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """`| keep a, b=~"x"`"""

    choices: tuple[LabelChoice, ...]


Stage = (
    LineFilter
    | JsonParser
    | LogfmtParser
    | RegexpParser
    | PatternParser
    | Unpack
    | LabelFilter
    | LineFormat
    | LabelFormat
    | Decolorize
    | Drop
    | Keep
)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A selector and its pipeline, in order."""

    selector: Selector
    stages: tuple[Stage, ...] = ()


# ---- metric expressions -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unwrap:
    """`| unwrap duration(took) | __error__=""`: the label, its conversion and the filters after it.

    Conversions: bytes, duration, duration_seconds.
    """

    label: str
    conversion: str | None = None
    filters: tuple[LabelFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class LogRange:
    """The argument of a range aggregation: the entries of (t - range - offset, t - offset]."""

    query: LogQuery
    range_ns: int
    offset_ns: int = 0
    unwrap: Unwrap | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by (a, b)` or, if `without`, `without (a, b)`."""

    labels: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    """`rate({…}[5m])`, `quantile_over_time(0.95, {…} | unwrap x [5m]) by (job)`"""

    function: str
    range: LogRange
    parameter: float | None = None
    grouping: Grouping | None = None


@dataclass(frozen=True, slots=True)
class VectorAggregation:
    """`sum by (job) (…)`, `topk(10, …)`"""

    function: str
    expr: "SampleExpr"
    parameter: float | None = None
    grouping: Grouping | None = None


@dataclass(frozen=True, slots=True)
class VectorMatching:
    """`on (a) group_left (b)`: how the two sides of a binary operation find each other."""

    labels: tuple[str, ...] = ()
    on: bool = False
    """True for `on`, False for `ignoring` (the default: ignoring nothing)."""
    group: Literal["left", "right"] | None = None
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BinaryOperation:
    """`a / b`, `a > bool 5`, `a and on (x) b`"""

    op: BinaryOp
    left: "SampleExpr"
    right: "SampleExpr"
    matching: VectorMatching | None = None
    return_bool: bool = False


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class VectorLiteral:
    """`vector(1)`"""

    value: float


@dataclass(frozen=True, slots=True)
class LabelReplace:
    """`label_replace(v, "dst", "$1", "src", "(.*)")`"""

    expr: "SampleExpr"
    target: str
    replacement: str
    source: str
    pattern: str


SampleExpr = RangeAggregation | VectorAggregation | BinaryOperation | NumberLiteral | VectorLiteral | LabelReplace
Expr = LogQuery | SampleExpr
