"""What `by (…)` and `without (…)` leave of a label set, and the key of the series that a line belongs to.

For the range aggregations, as they read counted rows and lines. An empty label is no label of a series.
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
    """The series with these labels."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def series_of(grouping: Grouping | None) -> Callable[[Line], Key]:
    """The series of a line. With `by` only those labels are looked at, which is what most queries ask."""
    if grouping is None or grouping.without:
        of_group = grouped(grouping)
        return lambda line: key_of(of_group(line.labels()))
    names = sorted(set(grouping.labels))

    def key(line: Line) -> Key:
        return tuple((name, value) for name in names if (value := line.shown(name)))

    return key
