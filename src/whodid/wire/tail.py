"""The text frames of Loki's tail WebSocket: `{"streams": […], "dropped_entries": […]}`.

whodid adds one key, `seq`: the commit sequence number up to which the client has now seen everything. Sent back as
`resume=<seq>`, it continues a tail without a gap and without a repeat; Loki's own clients ignore it.
"""

from typing import Any

import orjson

from whodid.model.result import Row
from whodid.wire.results import CATEGORIZE, stream_list

FRAME_ROWS = 1000


def encode_frame(rows: list[Row], *, categorize: bool, seq: int | None, dropped: list[Row] | None = None) -> str:
    """One frame. Rows are forward in time. `seq` None: further frames belong to this one, resume before it."""
    frame: dict[str, Any] = {"streams": stream_list(rows, categorize=categorize)}
    if dropped:
        frame["dropped_entries"] = [{"timestamp": str(r.ns), "labels": {**r.labels, **r.metadata}} for r in dropped]
    if categorize:
        frame["encodingFlags"] = [CATEGORIZE]
    if seq is not None:
        frame["seq"] = str(seq)
    return orjson.dumps(frame).decode()
