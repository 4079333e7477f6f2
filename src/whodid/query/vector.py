"""Aggregations over series at each instant: sum, min, max, avg, count, stddev, stdvar, topk, bottomk, approx_topk,
sort, sort_desc.

NaN as Loki has it: sum and avg of anything with NaN are NaN, min and max pass over it, topk and bottomk take it last,
sort puts it last. Of equal values topk keeps the series whose labels come first.
"""

from collections.abc import Callable

import numpy as np

from whodid.logql.ast import Grouping, VectorAggregation
from whodid.model.entry import Labels
from whodid.query.errors import EvaluationError, QueryError
from whodid.query.frame import Floats, Frame, Mask


def aggregate(node: VectorAggregation, frame: Frame) -> Frame:
    """The aggregation of a frame."""
    frame = frame.ordered()
    name = node.function
    if name in ("sort", "sort_desc"):
        return _sorted(frame, descending=name == "sort_desc")
    groups = _groups(frame, node.grouping)
    if name == "approx_topk" and frame.values.shape[1] > 1:
        raise EvaluationError("approx_topk is only supported for instant queries; use topk")
    if name in ("topk", "bottomk", "approx_topk"):
        # Here the exact answer costs no more than Loki's approximation.
        return _top(frame, groups, int(node.parameter or 0), largest=name != "bottomk")
    reduce = _REDUCE[name]
    points = frame.values.shape[1]
    if not groups:
        return Frame.empty(points)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        values = [reduce(frame.values[rows], frame.present[rows]) for _, rows in groups]
    present = [frame.present[rows].any(axis=0) for _, rows in groups]
    return Frame([labels for labels, _ in groups], np.array(values), np.array(present)).ordered()


def _groups(frame: Frame, grouping: Grouping | None) -> list[tuple[Labels, list[int]]]:
    names = frozenset(grouping.labels) if grouping else frozenset[str]()
    without = grouping is not None and grouping.without
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for i, labels in enumerate(frame.labels):
        # `without` takes empty labels away, too.
        kept = [item for item in labels.items() if (item[0] in names) is not without and (item[1] or not without)]
        key = tuple(sorted(kept))
        groups.setdefault(key, []).append(i)
    return [(dict(key), rows) for key, rows in groups.items()]


def _sum(values: Floats, present: Mask) -> Floats:
    total: Floats = np.where(present, values, 0.0).sum(axis=0)
    return total


def _count(values: Floats, present: Mask) -> Floats:
    count: Floats = present.sum(axis=0).astype(np.float64)
    return count


def _avg(values: Floats, present: Mask) -> Floats:
    mean: Floats = _sum(values, present) / present.sum(axis=0)
    return mean


def _min(values: Floats, present: Mask) -> Floats:
    return _extreme(values, present, np.fmin.reduce)


def _max(values: Floats, present: Mask) -> Floats:
    return _extreme(values, present, np.fmax.reduce)


def _extreme(values: Floats, present: Mask, reduce: Callable[..., Floats]) -> Floats:
    # fmin and fmax pass over NaN, so a missing point can be one.
    extreme: Floats = reduce(np.where(present, values, np.nan), axis=0)
    return extreme


def _stdvar(values: Floats, present: Mask) -> Floats:
    distance = np.where(present, values - _avg(values, present), 0.0)
    variance: Floats = (distance**2).sum(axis=0) / present.sum(axis=0)
    return variance


def _stddev(values: Floats, present: Mask) -> Floats:
    deviation: Floats = np.sqrt(_stdvar(values, present))
    return deviation


_REDUCE: dict[str, Callable[[Floats, Mask], Floats]] = {
    "sum": _sum,
    "count": _count,
    "avg": _avg,
    "min": _min,
    "max": _max,
    "stddev": _stddev,
    "stdvar": _stdvar,
}


def _top(frame: Frame, groups: list[tuple[Labels, list[int]]], k: int, *, largest: bool) -> Frame:
    """Each series keeps the points at which it is among the k largest (smallest) of its group."""
    if k < 1:
        raise QueryError("topk and bottomk need a positive number")
    kept = np.zeros_like(frame.present)
    value = np.where(np.isnan(frame.values), np.inf, -frame.values if largest else frame.values)
    for _, rows in groups:
        # Three keys, the last one first: those that are there, numbers before NaN, by value; else by labels.
        keys = (value[rows], np.isnan(frame.values[rows]), ~frame.present[rows])
        order = np.lexsort(keys, axis=0)[:k]
        chosen = np.asarray(rows)[order]
        kept[chosen, np.arange(frame.values.shape[1])] = True
    return Frame(frame.labels, frame.values, kept & frame.present)


def _sorted(frame: Frame, *, descending: bool) -> Frame:
    """Series by their value at the first point; only instant queries ask for it."""
    values = frame.values[:, 0] if frame.values.size else np.zeros(len(frame.labels))
    keys = np.where(np.isnan(values), np.inf, -values if descending else values)
    order = np.argsort(keys, kind="stable")
    return Frame([frame.labels[i] for i in order], frame.values[order], frame.present[order])
