"""Label names, values and series: of the streams that have a line in the span of time asked for.

Statements over the key of the table tell which streams those are, the newest part of `[start, end]` first: a busy
stream is found by its last lines, and only the quiet ones are sought in all of the span, where they have few. The rest
is the index in memory. Structured metadata are no labels here, as in Loki.
"""

from collections.abc import Iterator, Sequence

from whodid.logql.ast import Selector
from whodid.model.entry import Labels
from whodid.model.labels import format_labels
from whodid.query import statements
from whodid.query.scan import Select
from whodid.query.selector import select as select_streams
from whodid.store.streams import StreamIndex

NEWEST_PART = 16
"""This part of the span is looked at first. One more statement costs some milliseconds, looking at an hour of a busy
team fifty; and a statement may have to wait for its turn, so that there are two at most."""


async def label_names(
    index: StreamIndex, select: Select, tenant: str, start_ns: int, end_ns: int, selector: Selector | None = None
) -> list[str]:
    """Sorted names of labels."""
    live = await _live(index, select, tenant, start_ns, end_ns, [selector] if selector else [])
    return sorted({name for labels in live for name in labels})


async def label_values(
    name: str,
    index: StreamIndex,
    select: Select,
    tenant: str,
    start_ns: int,
    end_ns: int,
    selector: Selector | None = None,
) -> list[str]:
    """Sorted values of one label; empty for a name that nothing has."""
    live = await _live(index, select, tenant, start_ns, end_ns, [selector] if selector else [])
    return sorted({labels[name] for labels in live if name in labels})


async def series(
    selectors: Sequence[Selector], index: StreamIndex, select: Select, tenant: str, start_ns: int, end_ns: int
) -> list[Labels]:
    """Label sets that any of the selectors names (all, without a selector), in the order of their text."""
    live = await _live(index, select, tenant, start_ns, end_ns, selectors)
    return sorted((dict(labels) for labels in live), key=format_labels)


async def _live(
    index: StreamIndex, select: Select, tenant: str, start_ns: int, end_ns: int, selectors: Sequence[Selector]
) -> list[Labels]:
    streams = index.streams(tenant)
    chosen = dict(streams) if not selectors else {}
    for selector in selectors:
        chosen |= select_streams(streams, selector.matchers)
    if not chosen:
        return []
    live: list[Labels] = []
    for begin_ns, last_ns in _spans(start_ns, end_ns):
        table = await select(statements.live_streams(chosen, begin_ns, last_ns + 1))
        live += [chosen.pop(i) for i in (table["stream_id"].to_pylist() if table.num_rows else ())]
        if not chosen:
            break
    return live


def _spans(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """The span in pieces, the newest first; both ends of each are in it."""
    newest_ns = end_ns - (end_ns - start_ns) // NEWEST_PART
    yield newest_ns, end_ns
    if newest_ns > start_ns:
        yield start_ns, newest_ns - 1
