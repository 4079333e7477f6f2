"""The ceilings of the write path, each with its reason. Names and words are Loki's where Loki has the limit."""

from dataclasses import dataclass

from whodid.model.clock import SECOND


@dataclass(frozen=True, slots=True)
class Limits:
    """What a push may hold."""

    max_body_bytes: int = 64 << 20
    """Decompressed body; 413 beyond. Loki's clients stay below 4 MiB; a hostile one must not fill the memory."""
    max_line_bytes: int = 2 << 20
    """Longest line; Loki has 256 KiB. The agent cuts at 1 MiB, with a mark."""
    max_label_names: int = 15
    max_label_name_bytes: int = 1024
    max_label_value_bytes: int = 2048
    max_metadata_names: int = 1024
    """Of one line; Loki has 128, and a span of OpenTelemetry may well have more."""
    max_metadata_bytes: int = 256 << 10
    """Names and values of one line's metadata; Loki has 64 KiB."""
    reject_older_ns: int = 168 * 3600 * SECOND
    """Older lines are beyond retention: they would be deleted at once."""
    creation_grace_ns: int = 10 * 60 * SECOND
    """How far ahead a clock may be."""
    max_pending_bytes: int = 256 << 20
    """Bodies waiting for a commit; 429 beyond, so that clients hold their lines instead of this process."""
    max_journal_bytes: int = 48 << 20
    """Acknowledged and not yet in the table; beyond it nothing more is acknowledged until the table has caught up.
    Half of it is an insert that need not wait for more."""
