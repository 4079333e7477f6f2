"""What a pipeline counts: lines dropped by reason, lines that were no JSON, what its `metrics` stages measure.

Pure data, read by the agent for its health. One `Counters` per pipeline, nested stages included.
"""

from dataclasses import dataclass, field

from whodid.promtail.metrics import Vector


@dataclass(slots=True)
class Counters:
    """Since the pipeline began."""

    dropped: dict[str, int] = field(default_factory=dict)
    """Lines dropped, by the stage's `drop_counter_reason`."""
    unparsed: dict[str, int] = field(default_factory=dict)
    """Lines that a stage could not read, by the stage's name: json, logfmt, timestamp, template …"""
    vectors: list[Vector] = field(default_factory=list)
    """Of the `metrics` stages."""
    notes: list[str] = field(default_factory=list)
    """What was found odd when the pipeline was built: settings that no stage reads."""

    def drop(self, reason: str) -> bool:
        """Counts a dropped line; False, so that a step can end with it."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return False

    def unread(self, stage: str) -> None:
        self.unparsed[stage] = self.unparsed.get(stage, 0) + 1
