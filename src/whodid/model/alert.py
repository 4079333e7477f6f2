"""Alert: what a rule raises and a receiver tells. The words are Prometheus' and Alertmanager's."""

from dataclasses import dataclass
from typing import Literal

AlertState = Literal["inactive", "pending", "firing", "resolved"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One instance of a rule at one label set."""

    labels: dict[str, str]
    """Includes `alertname`."""
    annotations: dict[str, str]
    state: AlertState
    starts_at_ns: int
    ends_at_ns: int
    """0 while it fires."""
    value: float
    fingerprint: str
    """Stable over restarts: hash of the labels."""
