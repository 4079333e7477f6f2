"""What `by (…)` and `without (…)` leave of a label set, and the key of the series that a line belongs to.

For the range aggregations, as they read counted rows and lines. A label that a line has with an empty value (a group
of a regexp that took no part, `| json a="nowhere"`) is a label of its series, as in Loki; rows of the engine say an
absent label so.
"""

from collections.abc import Callable

from whodid.logql.ast import Grouping
from whodid.model.entry import Labels
from whodid.query.line import Line

Grouped = Callable[[Labels], Labels]
Key = tuple[tuple[str, str], ...]
"""The labels of a series, sorted by name."""


def grouped(grouping: Grouping | None) -> Grouped:
    """The grouping as a function of labels; None keeps all of them."""
    if grouping is None:
        return lambda labels: labels
    names = frozenset(grouping.labels)
    if grouping.without:
        return lambda labels: {name: value for name, value in labels.items() if name not in names}
    return lambda labels: {name: value for name, value in labels.items() if name in names}


def key_of(labels: Labels) -> Key:
    """The series of a counted row, whose absent labels are empty."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def whole(line: Line) -> Key:
    """The series of a line by all of its labels."""
    return tuple(sorted(line.labels().items()))


def series_of(grouping: Grouping | None, *, outer: bool = False) -> Callable[[Line], Key]:
    """The series of a line. With `by` only those labels are looked at, which is what most queries ask.

    `outer`: the grouping is a vector aggregation's; its `without` takes empty labels away, too.
    """
    if grouping is None:
        return whole
    if grouping.without:
        of_group = grouped(grouping)
        if outer:
            return lambda line: key_of(of_group(line.labels()))
        return lambda line: tuple(sorted(of_group(line.labels()).items()))
    names = sorted(set(grouping.labels))

    def key(line: Line) -> Key:
        seen = [name for name in names if name not in line.taken] if line.taken else names
        return tuple((name, value) for name in seen if (value := line.shown(name)) is not None)

    return key
