"""What the lines of a file would become, without sending them: `whodid agent --dry-run`.

Goes the way of a followed file from its bytes to the entries (`recipe.py`), one record at a time, and shows what would
be in the push. Nothing is remembered.
"""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from whodid.agent.encode import Encoder, Ready
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.labelling import Labelling
from whodid.agent.recipe import FormatMaker, Recipe
from whodid.agent.records import RecordJoiner, Records
from whodid.agent.redaction import borrow_redactor
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.model.clock import Clock
from whodid.sources.lines import LineSplitter
from whodid.wire.push_protobuf import encode_stream, iter_entries

CHUNK_BYTES = 64 << 10


class Shown(msgspec.Struct, frozen=True):
    """One entry as it would be sent."""

    ns: int
    """The instant that the record states, or that of the record before it, or now."""
    labels: str
    line: str
    attributes: dict[str, str]
    understood: bool


class DryRun:
    """Reads one file as a source would."""

    def __init__(
        self, agent: AgentSettings, source: SourceSettings, path: str, make_format: FormatMaker, clock: Clock
    ) -> None:
        """Raises WhodidError for settings that nothing can be read with."""
        self._health = Health()
        recipe = Recipe(agent, source, make_format, clock, self._health, borrow_redactor(agent.redact, agent.state_dir))
        format = recipe.make_format()
        self._labelling: Labelling = recipe.labelling(path)
        self._encoder: Encoder = recipe.encoder(path, format, self._labelling, Instants())
        self._splitter = LineSplitter(max_line_bytes=agent.max_line_bytes)
        heads = self._encoder.quick.heads if self._encoder.quick else None
        self._joiner = RecordJoiner(format.continues, agent.max_record_bytes, heads)

    def read(self, file: BinaryIO) -> Iterator[Shown]:
        """The entries of a whole file."""
        while chunk := file.read(CHUNK_BYTES):
            yield from self._show(self._joiner.feed(self._splitter.feed(chunk)))
        records = self._joiner.feed(self._splitter.finish())
        self._joiner.flush_into(records)
        yield from self._show(records)
        yield from self._decode(self._encoder.flush(everything=True), understood=True)

    def _show(self, records: Records) -> Iterator[Shown]:
        for text, end, head in zip(*records, strict=True):
            before = self._health.entries_unparsed
            ready = self._encoder.encode(Records([text], [end], [head]))
            yield from self._decode(ready, understood=self._health.entries_unparsed == before)

    def _decode(self, ready: Ready, *, understood: bool) -> Iterator[Shown]:
        usual = self._labelling.usual[1] if self._labelling.usual else "{}"
        for at, raw in enumerate(ready.entries):
            labels = ready.labels[at] if ready.labels else usual
            for _, entry in iter_entries(encode_stream(labels, [raw])):
                yield Shown(entry.ns, labels, entry.line, dict(entry.metadata), understood)
