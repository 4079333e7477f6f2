"""Binary operations: arithmetic, comparisons and set operations between numbers and frames.

As in Prometheus, but for Loki's own: x / 0 and x % 0 are NaN. A comparison without `bool` keeps the vector's value
where it holds. Matching: on/ignoring, group_left/group_right; ambiguity is an error with Loki's words.
"""

from collections.abc import Callable, Mapping

import numpy as np

from whodid.logql.ast import BinaryOperation, VectorMatching
from whodid.model.entry import Labels
from whodid.query.errors import EvaluationError, QueryError
from whodid.query.frame import Floats, Frame, Mask

Value = Frame | float
_Key = tuple[tuple[str, str], ...]


def _divide(a: Floats, b: Floats) -> Floats:
    return np.where(b == 0, np.nan, np.divide(a, b))


def _modulo(a: Floats, b: Floats) -> Floats:
    return np.where(b == 0, np.nan, np.fmod(a, b))


_ARITHMETIC: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divide,
    "%": _modulo,
    "^": np.power,
}
_COMPARISON: Mapping[str, Callable[[Floats, Floats], Mask]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def operate(node: BinaryOperation, left: Value, right: Value) -> Value:
    """The result of the operation; both sides over the same grid."""
    with np.errstate(all="ignore"):
        if isinstance(left, Frame) and isinstance(right, Frame):
            if node.op in ("and", "or", "unless"):
                return _set_operation(node.op, left, right, node.matching or VectorMatching())
            return _joined(node, left, right)
        if node.op in ("and", "or", "unless"):
            raise QueryError(f"unexpected literal for logical/set binary operation ({node.op})")
        if isinstance(left, Frame):
            return _with_number(node, left, right, lambda v, n: (v, n))
        if isinstance(right, Frame):
            return _with_number(node, right, left, lambda v, n: (n, v))
        return _numbers(node, left, right)


def _numbers(node: BinaryOperation, left: float, right: float) -> float:
    a, b = np.array(left), np.array(right)
    if node.op in _COMPARISON:
        return float(_COMPARISON[node.op](a, b))
    return float(_ARITHMETIC[node.op](a, b))


def _with_number(
    node: BinaryOperation, frame: Frame, number: Value, sides: Callable[[Floats, Floats], tuple[Floats, Floats]]
) -> Frame:
    a, b = sides(frame.values, np.full_like(frame.values, number))
    values, holds = _applied(node, a, b, frame.values)
    return Frame(frame.labels, values, frame.present & holds)


def _applied(node: BinaryOperation, a: Floats, b: Floats, kept: Floats) -> tuple[Floats, Mask]:
    """Values, and where there is one. `kept` is what a comparison that holds leaves."""
    if node.op in _ARITHMETIC:
        values = _ARITHMETIC[node.op](a, b)
        return values, np.ones_like(values, dtype=bool)
    holds = _COMPARISON[node.op](a, b)
    if node.return_bool:
        return holds.astype(np.float64), np.ones_like(holds)
    return kept, holds


# ---- two frames ---------------------------------------------------------------------------------------------------


def _key(labels: Labels, matching: VectorMatching) -> _Key:
    names = matching.labels
    return tuple(sorted(item for item in labels.items() if (item[0] in names) is matching.on))


def _set_operation(op: str, left: Frame, right: Frame, matching: VectorMatching) -> Frame:
    if op == "or":
        extra = _masked(right, left, matching, present=False)
        return _concatenated(left, extra)
    return _masked(left, right, matching, present=op == "and")


def _masked(frame: Frame, other: Frame, matching: VectorMatching, *, present: bool) -> Frame:
    """The points of `frame` where `other` has (or has not) a matching one."""
    there: dict[_Key, Mask] = {}
    for labels, mask in zip(other.labels, other.present, strict=True):
        key = _key(labels, matching)
        there[key] = there[key] | mask if key in there else mask
    nowhere = np.zeros(frame.values.shape[1], dtype=bool)
    matched = np.array([there.get(_key(labels, matching), nowhere) for labels in frame.labels], dtype=bool)
    matched = matched.reshape(frame.present.shape)
    return Frame(frame.labels, frame.values, frame.present & (matched if present else ~matched))


def _concatenated(a: Frame, b: Frame) -> Frame:
    """Both frames' series; equal label sets become one series."""
    out = _Rows(a.values.shape[1])
    for frame in (a, b):
        for labels, values, present in zip(frame.labels, frame.values, frame.present, strict=True):
            out.add(labels, values, present)
    return out.frame()


class _Rows:
    """Series under construction, merged by label set; two values at one point are an error."""

    def __init__(self, points: int) -> None:
        self._points = points
        self._rows: dict[_Key, tuple[Labels, Floats, Mask]] = {}
        self._taken: dict[_Key, Mask] = {}

    def add(
        self,
        labels: Labels,
        values: Floats,
        present: Mask,
        clash: str = "found duplicate series",
        kept: Mask | None = None,
    ) -> None:
        """`kept`: which of the values that are present stay."""
        key = tuple(sorted(labels.items()))
        known = self._rows.get(key)
        stays = present if kept is None else present & kept
        if known is None:
            self._rows[key], self._taken[key] = (labels, values, stays), present
            return
        if (self._taken[key] & present).any():
            raise EvaluationError(clash)
        self._taken[key] = self._taken[key] | present
        self._rows[key] = (labels, np.where(stays, values, known[1]), known[2] | stays)

    def get(self, key: _Key) -> tuple[Labels, Floats, Mask] | None:
        return self._rows.get(key)

    def frame(self) -> Frame:
        if not self._rows:
            return Frame.empty(self._points)
        labels, values, present = zip(*self._rows.values(), strict=True)
        return Frame(list(labels), np.array(values), np.array(present))


def _joined(node: BinaryOperation, left: Frame, right: Frame) -> Frame:
    matching = node.matching or VectorMatching()
    swapped = matching.group == "right"
    many, one = (right, left) if swapped else (left, right)
    duplicate = (
        f"found duplicate series on the {'left' if swapped else 'right'} hand-side"
        ";many-to-many matching not allowed: matching labels must be unique on one side"
    )
    ones = _Rows(many.values.shape[1])
    origin: dict[_Key, Labels] = {}
    for labels, values, present in zip(one.labels, one.values, one.present, strict=True):
        key = _key(labels, matching)
        origin[key] = labels
        ones.add(dict(key), values, present, duplicate)
    out = _Rows(many.values.shape[1])
    clash = (
        "multiple matches for labels: grouping labels must ensure unique matches"
        if matching.group
        else "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    )
    for labels, values, present in zip(many.labels, many.values, many.present, strict=True):
        key = _key(labels, matching)
        match = ones.get(key)
        if match is None:
            continue
        _, other, there = match
        a, b = (other, values) if swapped else (values, other)
        result, holds = _applied(node, a, b, a)
        # Two that match are an error even where the comparison would drop one of them.
        out.add(_result_labels(labels, origin[key], matching), result, present & there, clash, holds)
    return out.frame()


def _result_labels(many: Labels, one: Labels, matching: VectorMatching) -> Labels:
    if matching.group is not None:
        included = {name: one[name] for name in matching.include if name in one}
        return {**{name: value for name, value in many.items() if name not in matching.include}, **included}
    return dict(_key(many, matching))
