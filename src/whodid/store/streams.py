"""The stream index: stream id ⇄ label set, per tenant, held in memory and kept in the table `streams`.

Selectors are resolved here first (by query/, with RE2), so that the table of lines is only ever asked for stream ids.
A small team has hundreds of streams, not millions; the whole index is a few hundred kilobytes. Several tenants are
asked at once by their names joined with `|`, as Loki has it.
"""

import hashlib
from collections.abc import Mapping

import orjson

from whodid.model.entry import Labels
from whodid.model.labels import format_labels
from whodid.store.store import Store

TENANT_LABEL = "__tenant_id__"
"""What tells the tenants apart in a query of several; a label of this name becomes `original___tenant_id__`."""


def stream_id(tenant: str, labels: Mapping[str, str]) -> int:
    """The id of a stream: 64 bits of BLAKE2b over tenant and canonical label text; stable for ever."""
    text = f"{tenant}\0{format_labels(labels)}"
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


class StreamIndex:
    """All known streams. `streams` is read by queries, `add` is called by ingest before the lines are written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tenants: dict[str, dict[int, Labels]] = {}

    async def load(self) -> None:
        """Reads the whole table; call once after opening the store."""
        table = await self._store.select("SELECT id, tenant, labels FROM streams FINAL")
        for row in table.to_pylist():
            self._tenants.setdefault(row["tenant"], {})[row["id"]] = dict(row["labels"])

    def streams(self, tenant: str) -> Mapping[int, Labels]:
        """Stream id → labels of one tenant, or of several (`a|b`). The labels must not be changed."""
        if "|" not in tenant:
            return self._tenants.get(tenant, {})
        return {
            i: _of_tenant(name, labels)
            for name in tenant.split("|")
            for i, labels in self._tenants.get(name, {}).items()
        }

    @property
    def count(self) -> int:
        """Streams of all tenants."""
        return sum(map(len, self._tenants.values()))

    async def add(self, tenant: str, new: Mapping[int, Labels]) -> None:
        """Makes streams known, durably, before any of their lines is stored."""
        known = self._tenants.setdefault(tenant, {})
        missing = {i: labels for i, labels in new.items() if i not in known}
        if not missing:
            return
        # As data behind the statement, not as SQL: the first push of a big fleet brings tens of thousands of streams.
        rows = b"\n".join(orjson.dumps({"id": i, "tenant": tenant, "labels": labels}) for i, labels in missing.items())
        await self._store.write(f"INSERT INTO streams FORMAT JSONEachRow {rows.decode()}")
        known.update(missing)


def _of_tenant(tenant: str, labels: Labels) -> Labels:
    if TENANT_LABEL not in labels:
        return {**labels, TENANT_LABEL: tenant}
    original = {f"original_{TENANT_LABEL}": labels[TENANT_LABEL]}
    return {**labels, **original, TENANT_LABEL: tenant}
