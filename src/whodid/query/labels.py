"""Label names, values and series: of the streams that have a line in the span of time asked for.

Who has asked before left behind the last instant at which each stream has a line: a stream whose instant lies in the
span needs no second look. Statements over the key of the table tell which of the others are alive, the newest part of
`[start, end]` first: a busy stream is found by its last lines, and only the quiet ones are sought in all of the span,
where they have few. The rest is the index in memory. Structured metadata are no labels here, as in Loki.
"""

from collections.abc import Iterator, Sequence

from whodid.logql.ast import Selector
from whodid.model.entry import Labels
from whodid.model.labels import format_labels
from whodid.query import statements
from whodid.query.budget import Budget
from whodid.query.selector import select as select_streams
from whodid.store.streams import StreamIndex

NEWEST_PART = 16
"""This part of the span is looked at first. One more statement costs some milliseconds, looking at an hour of a busy
team fifty; and a statement may have to wait for its turn, so that there are two at most."""


class LabelReader:
    """Of one engine."""

    def __init__(self, index: StreamIndex) -> None:
        self._index = index
        self._seen_ns: dict[int, int] = {}
        """By stream, an instant at which it has a line."""

    def forget(self) -> None:
        """Lines are gone."""
        self._seen_ns = {}

    async def names(
        self, budget: Budget, tenant: str, start_ns: int, end_ns: int, selector: Selector | None = None
    ) -> list[str]:
        """Sorted names of labels."""
        live = await self._live(budget, tenant, start_ns, end_ns, [selector] if selector else [])
        return sorted({name for labels in live for name in labels})

    async def values(
        self, name: str, budget: Budget, tenant: str, start_ns: int, end_ns: int, selector: Selector | None = None
    ) -> list[str]:
        """Sorted values of one label; empty for a name that nothing has."""
        live = await self._live(budget, tenant, start_ns, end_ns, [selector] if selector else [])
        return sorted({labels[name] for labels in live if name in labels})

    async def series(
        self, selectors: Sequence[Selector], budget: Budget, tenant: str, start_ns: int, end_ns: int
    ) -> list[Labels]:
        """Label sets that any of the selectors names (all, without a selector), in the order of their text."""
        live = await self._live(budget, tenant, start_ns, end_ns, selectors)
        return sorted((dict(labels) for labels in live), key=format_labels)

    async def _live(
        self, budget: Budget, tenant: str, start_ns: int, end_ns: int, selectors: Sequence[Selector]
    ) -> list[Labels]:
        streams, seen_ns = self._index.streams(tenant), self._seen_ns
        chosen = dict(streams) if not selectors else {}
        for selector in selectors:
            chosen |= select_streams(streams, selector.matchers)
        live = [chosen.pop(i) for i in list(chosen) if start_ns <= seen_ns.get(i, start_ns - 1) <= end_ns]
        for begin_ns, last_ns in _spans(start_ns, end_ns):
            if not chosen:
                break
            table = await budget(statements.last_lines(chosen, begin_ns, last_ns + 1))
            for row in table.to_pylist():
                live.append(chosen.pop(row["stream_id"]))
                seen_ns[row["stream_id"]] = row["last"]  # of no use to anybody if lines were forgotten meanwhile
        return live


def _spans(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """The span in pieces, the newest first; both ends of each are in it."""
    newest_ns = end_ns - (end_ns - start_ns) // NEWEST_PART
    yield newest_ns, end_ns
    if newest_ns > start_ns:
        yield start_ns, newest_ns - 1
