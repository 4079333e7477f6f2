"""Deployments, and events that people and programs state themselves: their attributes, and the line made of them.

A deployment is told by `whodid event deploy`, by `POST /webhooks/deploy` (`read_deployment`) and by GitHub
(github.py); all three are lines of job `deployments` with `operation="deploy"`. What a sender says of its user is
its word, not proof. Called by cli/ and api/.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from whodid.errors import WhodidError
from whodid.formats.redact import Redactor
from whodid.model.clock import SECOND, parse_rfc3339

_MASK: Final = Redactor()
JOB: Final = "deployments"
OPERATION: Final = "deploy"
MOST_ATTRIBUTES: Final = 40
VALUE_CHARS: Final = 4096
ATTRIBUTE_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")
OUTCOMES: Final[dict[str, str]] = {
    **dict.fromkeys(("completed", "success", "succeeded", "successful", "ok", "done", "finished"), "completed"),
    **dict.fromkeys(("failed", "failure", "error", "cancelled", "canceled", "timed_out", "startup_failure"), "failed"),
    **dict.fromkeys(("rolled_back", "rollback"), "rolled_back"),
}
"""Words for an outcome that CI systems use, and whodid's own."""
_ALIASES: Final = {"who": "user", "what": "service"}
_NUMBER: Final = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?")


class BadEvent(WhodidError):
    """An event that cannot be stored as it is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as somebody tells it."""

    attributes: dict[str, str]
    ns: int | None = None
    """When it happened; None: now."""


def event_line(attributes: Mapping[str, str]) -> str:
    """The line of an event: its attributes as compact JSON, in their order."""
    return orjson.dumps(
        {name: value.encode("utf-8", "replace").decode() for name, value in attributes.items()}
    ).decode()


def checked(operation: str, told: Mapping[str, str], redact: Redactor = _MASK) -> dict[str, str]:
    """The attributes of an event, the operation first. Raises BadEvent."""
    if not ATTRIBUTE_NAME.fullmatch(operation):
        raise BadEvent(f"{operation!r:.80} is no name of an event: letters, digits and _, such as backup_restored")
    out = {"operation": operation}
    for name, value in told.items():
        if not ATTRIBUTE_NAME.fullmatch(name):
            raise BadEvent(f"{name!r:.80} is no name of an attribute: letters, digits and _, such as request_id")
        if len(value) > VALUE_CHARS:
            raise BadEvent(f"{name} has {len(value)} characters; an attribute may have {VALUE_CHARS}")
        if value and name != "operation":
            out[name] = redact.member(name, value.encode("utf-8", "replace").decode())
    if len(out) > MOST_ATTRIBUTES:
        raise BadEvent(f"an event may have {MOST_ATTRIBUTES} attributes, not {len(out)}")
    if outcome := out.get("outcome"):
        if outcome.lower() not in OUTCOMES:
            raise BadEvent(f"outcome {outcome!r:.80} is not known: say completed, failed or rolled_back")
        out["outcome"] = OUTCOMES[outcome.lower()]
    elif outcome := OUTCOMES.get(out.get("status", "").lower()):
        out["outcome"] = outcome
    return out


def read_deployment(body: bytes, redact: Redactor = _MASK) -> Told:
    """A deployment told as a JSON object. Raises BadEvent."""
    try:
        document = orjson.loads(body)
    except ValueError as e:
        raise BadEvent(f"the body is no JSON: {e}") from None
    if not isinstance(document, dict):
        raise BadEvent('the body must be a JSON object, such as {"service": "shop", "version": "1.4.2"}')
    told: dict[str, str] = {}
    for name, value in document.items():
        if text := _text(name, value):
            told.setdefault(_ALIASES.get(name) or str(name), text)
    at = told.pop("at", "")
    if "service" not in told:
        raise BadEvent('a deployment says what was deployed: give "service" (or "what")')
    return Told(checked(OPERATION, told, redact), _instant(at) if at else None)


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise BadEvent(f"{name!r:.80} must be a text or a number")


def _instant(text: str) -> int:
    """Nanoseconds of RFC 3339 or Unix seconds."""
    if _NUMBER.fullmatch(text):
        seconds, _, fraction = text.partition(".")
        return int(seconds) * SECOND + int(fraction.ljust(9, "0"))
    try:
        return parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise BadEvent(f"at {text!r:.60} is no instant: give 2026-12-01T09:30:00Z or Unix seconds") from None
