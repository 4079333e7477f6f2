"""The contract of a receiver: it tells alerts to someone, or says why it could not.

Members are one file each (webhook.py) and take their settings from settings.py. The outbox owns durability and retries;
a receiver tries exactly once and keeps nothing.
"""

from collections.abc import Sequence
from typing import Protocol

from whodid.errors import WhodidError
from whodid.model.alert import Alert


class SendFailed(WhodidError):
    """A receiver did not take the alerts; `permanent` says that another try cannot succeed."""

    def __init__(self, message: str, *, permanent: bool, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        """The receiver's own wish for a pause."""


class Receiver(Protocol):
    """Someone to tell."""

    @property
    def name(self) -> str:
        """Unique among the receivers; the outbox files deliveries under it, so it must survive a restart."""
        ...

    async def send(self, alerts: Sequence[Alert], delivery_id: str) -> None:
        """One try. Returns when the receiver has taken the alerts; raises SendFailed otherwise. `delivery_id` is the
        same at every try, so that the other side can drop a repeat."""
        ...

    async def close(self) -> None:
        """Frees connections."""
        ...
