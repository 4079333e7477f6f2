"""Line: one entry on its way through a pipeline: the text as it stands, and labels in their three categories.

Name rule (Loki's): the base name goes to stream > structured metadata > parsed; each loser moves to `<name>_extracted`,
where parsed > structured metadata. A name stands in one category only. Mutable, lives for one entry.
"""

from collections.abc import Callable, Mapping

from whodid.model.entry import Labels
from whodid.model.result import Row

EXTRACTED = "_extracted"
ERROR, ERROR_DETAILS = "__error__", "__error_details__"
PRESERVE_ERROR = "__preserve_error__"
"""The label of a line whose parser failed in a metric query that asks about `__error__`: so it may stay."""


class Line:
    """One entry; stages change it in place."""

    __slots__ = (
        "_base",
        "_extracted",
        "checks",
        "error",
        "error_details",
        "keeps_parse_errors",
        "metadata",
        "ns",
        "parsed",
        "refused",
        "seq",
        "stream",
        "taken",
        "text",
        "wanted",
    )

    def __init__(self, ns: int, text: str, stream: Labels, metadata: Labels, seq: int = 0) -> None:
        self.ns, self.text, self.seq = ns, text, seq
        self.stream: Mapping[str, str] = stream
        """Labels of the stream that are still there; shared with the index, so replaced and never changed."""
        self._base = stream
        if not metadata.keys().isdisjoint(stream):
            metadata = {name + EXTRACTED if name in stream else name: value for name, value in metadata.items()}
        self.metadata: Labels = metadata
        self.parsed: Labels = {}
        self._extracted: set[str] = set()
        self.taken: frozenset[str] = frozenset()
        """Names that were taken away. A grouping `by` one of them does not see what was written there anew (as in
        Loki)."""
        self.wanted: frozenset[str] | None = None
        """The only labels that parsers need to find, if the query does not need them all (wanted.py)."""
        self.keeps_parse_errors = False
        """A metric query asks about `__error__` itself (wanted.py)."""
        self.checks: Mapping[str, Callable[[Line], bool]] = {}
        """What a metric query asks of labels as soon as a parser has found them (wanted.py)."""
        self.refused = False
        """One of the checks did not hold: the line is not counted, whatever becomes of the label."""
        self.error = self.error_details = ""

    def get(self, name: str) -> str | None:
        """The label's value, or None when it is absent. `__error__` and its details are no labels to filters, unwrap
        and the like.
        """
        if name in self.parsed:
            return self.parsed[name]
        if name in self.metadata:
            return self.metadata[name]
        return self.stream.get(name)

    def shown(self, name: str) -> str | None:
        """As `get`, but with `__error__` and its details: what templates and groupings see."""
        if name == ERROR and self.error:
            return self.error
        if name == ERROR_DETAILS and self.error_details:
            return self.error_details
        return self.get(name)

    def extract(self, name: str, value: str) -> None:
        """A parser found `name`: the first find of a name counts, and stored labels keep theirs."""
        name = self._free(name)
        if name not in self._extracted and (self.wanted is None or name in self.wanted):
            self._write(name, value)
            if name in self.checks and not self.checks[name](self):
                self.refused = True

    def extract_anew(self, name: str, value: str) -> None:
        """As `extract`, by a parser that was asked for this very label: the last find counts, nothing is checked."""
        name = self._free(name)
        if self.wanted is None or name in self.wanted:
            self._write(name, value)

    def _write(self, name: str, value: str) -> None:
        self._extracted.add(name)
        self.metadata.pop(name, None)
        self.parsed[name] = value

    def _free(self, name: str) -> str:
        """The name that a parser's label gets: stored labels keep theirs."""
        taken = name in self._base or (name in self.metadata and not name.endswith(EXTRACTED))
        return name + EXTRACTED if taken else name

    @property
    def sated(self) -> bool:
        """Whether parsers have found all that is wanted, so that nothing behind it matters."""
        return self.wanted is not None and self.wanted <= self._extracted

    def is_stored(self, name: str) -> bool:
        """Whether the entry came with a label of this name."""
        return name in self._base or name in self.metadata

    def assign(self, name: str, value: str) -> None:
        """label_format made `name`: it replaces whatever had the name, and a later parser does not find it again."""
        if name in self.stream:
            self.stream = {other: text for other, text in self.stream.items() if other != name}
        elif name == ERROR_DETAILS:
            self.error_details = ""
        self._write(name, value)

    def rename(self, source: str, target: str) -> None:
        """Moves a label; wherever it came from it is a parsed one then, and replaces whatever had the name."""
        value = self.get(source)
        if value is not None:
            self.assign(target, value)
            self.remove(source)

    def keep(self, kept: Callable[[str, str], bool]) -> None:
        """Takes away all labels but those that are kept. `__error__` stays."""
        before = {*self.stream, *self.metadata, *self.parsed}
        self.stream = {name: value for name, value in self.stream.items() if kept(name, value)}
        self.metadata = {name: value for name, value in self.metadata.items() if kept(name, value)}
        self.parsed = {name: value for name, value in self.parsed.items() if kept(name, value)}
        self.taken |= before - self.stream.keys() - self.metadata.keys() - self.parsed.keys()

    def remove(self, name: str) -> None:
        """Takes a label away, `__error__` too."""
        self.taken |= {name}
        self.parsed.pop(name, None)
        self.metadata.pop(name, None)
        if name in self.stream:
            self.stream = {other: value for other, value in self.stream.items() if other != name}
        elif name == ERROR:
            self.error = ""
        elif name == ERROR_DETAILS:
            self.error_details = ""

    def fail(self, error: str, details: str) -> None:
        """Marks the line with `__error__`."""
        self.error, self.error_details = error, details

    def fail_parse(self, error: str, details: str = "") -> None:
        """A parser's mark. One without details leaves those of an earlier mark."""
        self.fail(error, details or self.error_details)
        if self.keeps_parse_errors:
            self.parsed[PRESERVE_ERROR] = "true"

    @property
    def is_faulty(self) -> bool:
        """Whether the line, if it is kept, fails a metric query."""
        return bool(self.error) and self.parsed.get(PRESERVE_ERROR) != "true"

    def labels(self) -> Labels:
        """All labels as one set: a metric's series."""
        out = {**self.stream, **self.metadata, **self.parsed}
        if self.error:
            out[ERROR] = self.error
        if self.error_details:
            out[ERROR_DETAILS] = self.error_details
        return out

    def row(self) -> Row:
        """What a log query returns."""
        parsed = self.parsed
        if self.error:
            parsed = {**parsed, ERROR: self.error}
        if self.error_details:
            parsed = {**parsed, ERROR_DETAILS: self.error_details}
        return Row(self.ns, self.text, dict(self.stream), self.metadata, parsed, self.seq)
