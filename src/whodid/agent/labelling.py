"""The labels of a source's records: those of its settings, those that a record brings, and relabelling over both. Pure.

A record's own labels (a container, a unit; `Parsed.labels`) come beside the source's. Names that begin with `__` are
what a transport found out (`__syslog_message_hostname`, `__journal__systemd_unit`): relabelling may read them, and they
are taken off in the end, as Prometheus and Promtail do.
"""

from collections.abc import Callable, Mapping

from whodid.model.labels import LABEL_NAME, format_labels

Relabel = Callable[[Mapping[str, str]], Mapping[str, str] | None]
"""All labels in, those to keep out; None: the record is to be left out."""
_MOST_KEPT = 4096
Known = tuple[dict[str, str], str] | None
"""Labels and their text; None for what is left out."""


class Labelling:
    """One source's labels. What the same labels of records lead to is kept, for they come again and again."""

    __slots__ = ("_known", "_own", "_relabel", "_usual")

    def __init__(self, own: Mapping[str, str], relabel: Relabel | None = None) -> None:
        self._own = {name: value for name, value in own.items() if value}
        self._relabel = relabel
        self._known: dict[tuple[tuple[str, str], ...], Known] = {}
        self._usual = self._work_out({})

    @property
    def usual(self) -> Known:
        """Of records without labels of their own."""
        return self._usual

    def of(self, labels: Mapping[str, str] | None) -> Known:
        """Of a record with these labels of its own."""
        if not labels:
            return self._usual
        key = tuple(labels.items())
        if key not in self._known:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[key] = self._work_out(labels)
        return self._known[key]

    def _work_out(self, labels: Mapping[str, str]) -> Known:
        found: Mapping[str, str] | None = {**self._own, **labels}
        if self._relabel is not None:
            found = self._relabel(found or {})
        if found is None:
            return None
        kept = {name: value for name, value in found.items() if value and _is_kept(name)}
        return kept, format_labels(kept)


def _is_kept(name: str) -> bool:
    return not name.startswith("__") and LABEL_NAME.fullmatch(name) is not None
