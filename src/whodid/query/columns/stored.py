"""A label that the entry came with, as SQL: of its stream if that has it, else out of the structured metadata."""

from collections.abc import Mapping

from whodid.model.entry import Labels
from whodid.query.columns.column import Column
from whodid.store.sql import number_list, quote, quote_list

LEVEL = "detected_level"


def stored_column(name: str, streams: Mapping[int, Labels]) -> Column:
    """The label before any stage; `name` has no `_extracted`."""
    if name == LEVEL:
        value, present = LEVEL, f"{LEVEL} != ''"
    else:
        value, present = f"metadata[{quote(name)}]", f"mapContains(metadata, {quote(name)})"
    known = {i: labels[name] for i, labels in streams.items() if name in labels}
    if not known:
        return Column(value, present)
    ids = number_list(known)
    if len(known) == len(streams) and len(values := set(known.values())) == 1:
        return Column(quote(values.pop()), "true")
    if len(known) == len(streams):
        default, present = "''", "true"
    else:
        default, present = value, f"(has({ids}, stream_id) OR {present})"
    return Column(f"transform(stream_id, {ids}, {quote_list(known.values())}, {default})", present)
