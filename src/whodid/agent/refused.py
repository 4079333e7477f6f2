"""Keeps what the server refused for good, so that it is not lost: the exact body, and a readable report beside it.

`<time>-<key>.snappy` can be sent again (`curl --data-binary @… -H 'Content-Type: application/x-protobuf' …/push`);
`<time>-<key>.json` says why it was refused, from which bytes of which files it came, and holds its lines.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import cramjam
import orjson

from whodid.agent.batch import Batch
from whodid.agent.ship import Refusal
from whodid.model.clock import format_rfc3339
from whodid.wire.push_protobuf import iter_entries

_log = logging.getLogger(__name__)


class RefusedSpool:
    """A directory of refused batches, of bounded size."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes

    def keep(self, batch: Batch, refusal: Refusal, now_ns: int) -> None:
        """Logs the refusal once and writes the batch into the spool. A full disk must not stop the rest."""
        where = ", ".join(str(span) for span in batch.spans)
        try:
            kept = self._write(batch, refusal, now_ns)
        except OSError as e:
            kept = f"they could not be kept in {self._directory}: {e.strerror}"
        _log.error(
            "the server refused lines for good (status %d: %s): %d entries of %s; %s",
            refusal.status, refusal.reason.strip(), batch.entries, where, kept,
        )  # fmt: skip

    def _write(self, batch: Batch, refusal: Refusal, now_ns: int) -> str:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sum(f.stat().st_size for f in self._directory.iterdir()) + len(batch.body) > self._max_bytes:
            return f"the spool {self._directory} is full, so they stay only in the log files"
        name = f"{format_rfc3339(now_ns, fraction=False).replace(':', '')}-{batch.key}"
        report = {
            "status": refusal.status,
            "reason": refusal.reason,
            "from": [{"path": s.place.path, "begin": s.begin, "end": s.place.offset} for s in batch.spans],
            "lines": list(_lines(batch.body)),
        }
        for suffix, data in ((".snappy", batch.body), (".json", orjson.dumps(report, option=orjson.OPT_INDENT_2))):
            with (self._directory / f"{name}{suffix}").open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        return f"they are kept in {self._directory / name}.json"


def _lines(body: bytes) -> Iterator[dict[str, str]]:
    raw = bytes(cramjam.snappy.decompress_raw(body))
    for labels, entry in iter_entries(raw):
        yield {"at": format_rfc3339(entry.ns), "stream": labels, "line": entry.line}
