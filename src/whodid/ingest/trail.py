"""The trail: what whodid records about itself and those who use it, as lines of a tenant of its own.

A query of the team's logs never meets it, and the delete API does not reach it. Written through the ordinary write
path, so an event is durable when `record` returns. It holds what was done to the logs, not what happened in them.
"""

from collections.abc import Mapping

from whodid.ingest.pipeline import Ingest
from whodid.model.clock import Clock
from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import encode_push

TRAIL_TENANT = "whodid"
JOB = "whodid"


class Trail:
    """Writes the trail of one server."""

    def __init__(self, ingest: Ingest, clock: Clock) -> None:
        self._ingest, self._clock = ingest, clock

    async def record(self, event: str, line: str, attributes: Mapping[str, str]) -> None:
        """One event; durable when this returns. Raises StoreError, TooMuchPending."""
        kept = {name: value for name, value in attributes.items() if value}
        stream = Stream({"job": JOB, "event": event}, [Entry(self._clock.now_ns(), line, kept)])
        await self._ingest.push(encode_push([stream]), TRAIL_TENANT)
