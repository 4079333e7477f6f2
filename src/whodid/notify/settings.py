"""Settings of the receivers: what `notify:` in whodid.yml may say. Data only; config/ reads and checks the file."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """A generic webhook: Alertmanager's JSON is posted to a URL."""

    name: str
    """Names the receiver in messages, in the outbox and in the JSON. Never the URL, which may hold a token."""
    url: str
    secret_file: Path | None = None
    """A file with the secret that signs each request; read at each start. None: not signed."""
    timeout_s: float = 10.0
    send_resolved: bool = True
    """Whether the end of an alert is told as well."""
    external_url: str = ""
    """The dashboard's address, for links."""


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """How a delivery that failed is tried again: the pause doubles up to the longest, give or take half of it."""

    first_pause_s: float = 0.5
    longest_pause_s: float = 60.0
    kept_s: float = 7 * 86_400.0
    """How long a finished delivery is remembered, so that a repeated notice is recognised."""
