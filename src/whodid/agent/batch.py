"""One push: encoded entries grouped by stream, what stretch of which file they came from, and its idempotency key.

A batch that was begun is filled by readers and sealed once; a sealed batch is bytes and never changes, so that it can
be sent again after a crash as exactly what it was.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import cramjam

from whodid.sources.source import Place
from whodid.wire.push_protobuf import encode_stream


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes [begin, place.offset) of one file, and what its reader needs to know to go on behind them."""

    job: str
    place: Place
    begin: int
    last_ns: int
    stated: bool

    def __str__(self) -> str:
        return f"{self.place.path} bytes {self.begin} to {self.place.offset}"


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed push."""

    key: str
    """Idempotency key: the server stores a body with a key it has seen only once."""
    body: bytes
    """PushRequest as a snappy block."""
    entries: int
    spans: tuple[Span, ...]
    tenant: str = ""
    """Loki's tenant (`X-Scope-OrgID`); empty: the one of the agent's settings."""


class BatchBuilder:
    """A push being filled. All of it is for one tenant, that of its first entry."""

    __slots__ = ("_closed", "_max_bytes", "_max_entries", "_spans", "_streams", "entries", "size_bytes", "tenant")

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._streams: dict[str, list[bytes]] = {}
        self._spans: dict[str, Span] = {}
        self._closed = False
        self.entries = 0
        self.size_bytes = 0
        self.tenant = ""

    def takes(self, tenant: str) -> bool:
        """Whether entries for this tenant may go in; if not, the batch is full from now on."""
        if not self.entries:
            self.tenant = tenant
        self._closed |= tenant != self.tenant
        return not self._closed

    @property
    def full(self) -> bool:
        return self._closed or self.entries >= self._max_entries or self.size_bytes >= self._max_bytes

    @property
    def room(self) -> tuple[int, int]:
        """How many entries, and how many bytes of lines, still go in."""
        return self._max_entries - self.entries, self._max_bytes - self.size_bytes

    def add(self, label_text: str, encoded: Iterable[bytes], entries: int, size_bytes: int, span: Span) -> None:
        """Adds consecutive entries of one file. `span` reaches from where the last one of this file ended."""
        self._streams.setdefault(label_text, []).extend(encoded)
        before = self._spans.get(span.place.id)
        begin = before.begin if before else span.begin
        self._spans[span.place.id] = Span(span.job, span.place, begin, span.last_ns, span.stated)
        self.entries += entries
        self.size_bytes += size_bytes

    def seal(self, agent_id: str) -> Batch:
        raw = b"".join([encode_stream(labels, entries) for labels, entries in self._streams.items()])
        spans = tuple(self._spans.values())
        body = bytes(cramjam.snappy.compress_raw(raw))
        return Batch(_key(agent_id, spans), body, self.entries, spans, self.tenant)


def _key(agent_id: str, spans: Iterable[Span]) -> str:
    """Says which bytes of which files; the nonce tells apart a later batch that happens to cover the same ones."""
    digest = hashlib.blake2b(digest_size=16, key=secrets.token_bytes(16))
    for part in (agent_id, *(f"{s.place.id}:{s.begin}:{s.place.offset}" for s in spans)):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()
