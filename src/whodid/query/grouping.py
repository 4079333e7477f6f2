"""What `by (…)` and `without (…)` leave of a label set. For the range aggregations, as they read lines."""

from collections.abc import Callable

from whodid.logql.ast import Grouping
from whodid.model.entry import Labels

Grouped = Callable[[Labels], Labels]


def grouped(grouping: Grouping | None) -> Grouped:
    """The grouping as a function of labels; None keeps all of them."""
    if grouping is None:
        return lambda labels: labels
    names = frozenset(grouping.labels)
    if grouping.without:
        return lambda labels: {name: value for name, value in labels.items() if name not in names}
    return lambda labels: {name: value for name, value in labels.items() if name in names}
