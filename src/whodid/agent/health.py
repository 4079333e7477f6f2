"""What the agent knows about itself: counters, and the lag of every file. Logged once a minute by run.py."""

from dataclasses import dataclass, field

_WORTH_TELLING = (
    "entries_refused",
    "entries_unparsed",
    "entries_too_old",
    "attempts_failed",
    "lines_cut",
    "format_failures",
)


@dataclass(slots=True)
class Health:
    """Counters since the start. The only mutable dataclass here: it is a meter, not a noun."""

    lines_read: int = 0
    entries_read: int = 0
    entries_sent: int = 0
    entries_refused: int = 0
    entries_unparsed: int = 0
    """Shipped whole, but the format did not understand them."""
    entries_too_old: int = 0
    """Left out, since the server keeps none of that age."""
    lines_cut: int = 0
    records_divided: int = 0
    format_failures: int = 0
    """Records on which a format raised, which is a bug of the format; they are shipped whole."""
    batches_sent: int = 0
    attempts_failed: int = 0
    lag_bytes: dict[str, int] = field(default_factory=dict)
    """Per file, bytes that the server has not acknowledged."""
    unparsed: dict[str, int] = field(default_factory=dict)
    """Per file, records that its format did not understand."""
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)
    """Per file, lines that its pipeline has dropped, by reason."""
    unread_by_stage: dict[str, dict[str, int]] = field(default_factory=dict)
    """Per file, lines that a stage of its pipeline could not read, by the stage."""
    receivers: dict[str, str] = field(default_factory=dict)
    """What each source that is no file is doing, in words."""

    def not_understood(self, path: str) -> None:
        """Counts a record of a file that its format did not understand."""
        self.entries_unparsed += 1
        self.unparsed[path] = self.unparsed.get(path, 0) + 1

    def summary(self) -> str:
        """One line for the log."""
        lag = sum(self.lag_bytes.values())
        worst = max(self.lag_bytes, key=self.lag_bytes.__getitem__) if lag else ""
        parts = [
            f"{self.entries_sent} entries sent in {self.batches_sent} pushes",
            f"{len(self.lag_bytes)} files",
            f"{lag} bytes behind" + (f" (most: {worst})" if worst else ""),
        ]
        for name in _WORTH_TELLING:
            if count := getattr(self, name):
                parts.append(f"{name.replace('_', ' ')}: {count}")
        if dropped := sum(sum(reasons.values()) for reasons in self.dropped.values()):
            parts.append(f"dropped by pipelines: {dropped}")
        return ", ".join(parts)
