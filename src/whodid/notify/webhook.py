"""A generic webhook: alerts as Alertmanager's webhook JSON (version "4"), so that what takes Alertmanager takes whodid.

Headers follow the Standard Webhooks specification: `webhook-id` (the same at each try: drop a repeat by it),
`webhook-timestamp`, and with a secret `webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`. A
secret that begins with `whsec_` is base64 behind it, any other is used as it is. No error or log line holds the URL:
many webhooks carry their token in it.
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from whodid.errors import WhodidError
from whodid.model.alert import Alert
from whodid.model.clock import SECOND, Clock, format_rfc3339
from whodid.model.labels import format_labels
from whodid.notify.receiver import SendFailed
from whodid.notify.settings import WebhookSettings

TEMPORARY = frozenset({408, 425, 429})
"""Besides 5xx, the answers after which another try makes sense."""
_NEVER = "0001-01-01T00:00:00Z"

# The client logs every request's URL at INFO, and with it the token.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class SecretError(WhodidError):
    """The secret that signs a webhook cannot be used; the text names the file, never its content."""


class Webhook:
    """Posts alerts to one URL."""

    def __init__(
        self, settings: WebhookSettings, clock: Clock, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        """`transport` replaces the network in tests."""
        self._settings = settings
        self._clock = clock
        self._secret = _read_secret(settings)
        self._client = httpx2.AsyncClient(timeout=settings.timeout_s, transport=transport, follow_redirects=False)

    @property
    def name(self) -> str:
        return self._settings.name

    async def send(self, alerts: Sequence[Alert], delivery_id: str) -> None:
        if not self._settings.send_resolved:
            alerts = [alert for alert in alerts if alert.state != "resolved"]
        if not alerts:
            return
        body = orjson.dumps(payload(alerts, self.name, self._settings.external_url))
        try:
            answer = await self._client.post(self._settings.url, content=body, headers=self._headers(delivery_id, body))
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise SendFailed(f"webhook {self.name}: the URL in the settings is not valid", permanent=True) from None
        except (httpx2.HTTPError, OSError) as error:
            why = "did not answer in time" if isinstance(error, httpx2.TimeoutException) else type(error).__name__
            # `from None`: the error's own text may hold the URL.
            raise SendFailed(f"webhook {self.name} ({self._place()}): {why}", permanent=False) from None
        if not 200 <= answer.status_code < 300:
            raise SendFailed(
                f"webhook {self.name} ({self._place()}): answered {answer.status_code}",
                permanent=answer.status_code < 500 and answer.status_code not in TEMPORARY,
                retry_after_s=_retry_after(answer.headers.get("retry-after", "")),
            )

    async def close(self) -> None:
        await self._client.aclose()

    def _place(self) -> str:
        return urlsplit(self._settings.url).hostname or "no host"

    def _headers(self, delivery_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(self._clock.now_ns() // SECOND)
        headers = {
            "content-type": "application/json",
            "user-agent": "whodid",
            "webhook-id": delivery_id,
            "webhook-timestamp": timestamp,
        }
        if self._secret is not None:
            headers["webhook-signature"] = sign(self._secret, delivery_id, timestamp, body)
        return headers


def sign(secret: bytes, delivery_id: str, timestamp: str, body: bytes) -> str:
    """The signature header of Standard Webhooks."""
    digest = hmac.new(secret, f"{delivery_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def payload(alerts: Sequence[Alert], receiver: str, external_url: str = "") -> dict[str, Any]:
    """Alertmanager's webhook message, version 4. Alerts of one rule are a group named by their alertname."""
    labels = _common([alert.labels for alert in alerts])
    group = {"alertname": labels["alertname"]} if "alertname" in labels else {}
    return {
        "version": "4",
        "groupKey": f"{{}}:{format_labels(group)}",
        "truncatedAlerts": 0,
        "status": "firing" if any(alert.state == "firing" for alert in alerts) else "resolved",
        "receiver": receiver,
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": external_url,
        "alerts": [_alert(alert, external_url) for alert in alerts],
    }


def _alert(alert: Alert, external_url: str) -> dict[str, Any]:
    return {
        "status": "resolved" if alert.state == "resolved" else "firing",
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": format_rfc3339(alert.starts_at_ns),
        "endsAt": format_rfc3339(alert.ends_at_ns) if alert.ends_at_ns else _NEVER,
        "generatorURL": f"{external_url.rstrip('/')}/#findings" if external_url else "",
        "fingerprint": alert.fingerprint,
    }


def _common(maps: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first, *rest = maps
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in rest)}


def _retry_after(header: str) -> float | None:
    """Seconds only; the form with a date is rare, and our own back-off does as well."""
    return float(header) if header.isascii() and header.isdigit() else None


def _read_secret(settings: WebhookSettings) -> bytes | None:
    if settings.secret_file is None:
        return None
    try:
        text = settings.secret_file.read_text(encoding="utf-8").strip()
        secret = base64.b64decode(text[6:], validate=True) if text.startswith("whsec_") else text.encode()
    except (OSError, ValueError) as error:
        kind = error.strerror if isinstance(error, OSError) else "not the text of a secret"
        raise SecretError(f"webhook {settings.name}: secret_file {settings.secret_file}: {kind}") from None
    if not secret:
        raise SecretError(f"webhook {settings.name}: secret_file {settings.secret_file} is empty")
    return secret
