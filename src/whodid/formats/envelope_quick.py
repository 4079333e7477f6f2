"""The quick way for envelopes around lines of a format that has one: Docker's logs of a PostgreSQL, above all.

A whole chunk is opened at once and given to the inner format's quick reader. Sound, not complete, as that is: what is
not an ordinary line in an ordinary envelope is left to `Opener`. Made by envelope.py; called by the agent.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from whodid.formats.format import Head, QuickReader

Opened = tuple[str, int | None, Mapping[str, str]]
"""What is inside of an ordinary envelope: its line, the transport's instant, labels that are ready to be stored."""


class QuickOpener:
    """Reads the ordinary records of one log of envelopes. A head is the inner line's, and what was opened."""

    __slots__ = ("_inner", "_open", "_open_record", "_part", "labels")

    def __init__(
        self,
        inner: QuickReader,
        open_line: Callable[[str], tuple[Opened | None, bool]],
        open_record: Callable[[str], str | None],
    ) -> None:
        """`open_line`: what an ordinary envelope holds, None for any other; and whether a line's next part is in the
        envelope behind it. `open_record`: the text of a record of several envelopes."""
        self._inner = inner
        self._open = open_line
        self._open_record = open_record
        self._part = False  # the line before was a part: what follows may look like anything
        self.labels: Mapping[int, Mapping[str, str]] = {}

    def heads(self, lines: Sequence[str]) -> list[Head | None]:
        opened: list[Opened | None] = []
        part = self._part
        for line in lines:
            found, goes_on = self._open(line)
            opened.append(None if part else found)
            part = goes_on
        self._part = part
        heads = self._inner.heads([found[0] if found else "" for found in opened])
        return [(head, found) if head and found else None for head, found in zip(heads, opened, strict=True)]

    def read(
        self,
        records: list[str],
        heads: Sequence[Head | None],
        attributes: list[bytes],
        instants: list[int | None],
    ) -> Iterator[None]:
        labels: dict[int, Mapping[str, str]] = {}
        self.labels = labels
        texts: list[str] = []
        inner_heads: list[Head | None] = []
        for record, head in zip(records, heads, strict=True):
            text = None if head is None else head[1][0] if "\n" not in record else self._open_record(record)
            texts.append(text or "")
            inner_heads.append(head[0] if head is not None and text is not None else None)
        closely: set[int] = set()
        for _ in self._inner.read(texts, inner_heads, attributes, instants):
            closely.add(len(attributes))
            yield
        for at, head in enumerate(heads):
            if head is not None and at not in closely:
                records[at] = texts[at]
                _, ns, labels[at] = head[1]
                if instants[at] is None:
                    instants[at] = ns
