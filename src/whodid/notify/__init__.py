"""Whom to tell: receivers, and the outbox that delivers to them at least once. When to tell is rules/' business.

Each receiver is one file with its settings in settings.py: webhook.py.
"""

from whodid.notify.outbox import Outbox
from whodid.notify.queue_file import Counts, OutboxError, QueueFile
from whodid.notify.receiver import Receiver, SendFailed
from whodid.notify.settings import RetrySettings, WebhookSettings
from whodid.notify.webhook import SecretError, Webhook

__all__ = [
    "Counts",
    "Outbox",
    "OutboxError",
    "QueueFile",
    "Receiver",
    "RetrySettings",
    "SecretError",
    "SendFailed",
    "Webhook",
    "WebhookSettings",
]
