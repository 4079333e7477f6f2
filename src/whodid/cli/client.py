"""The server's HTTP API as the commands call it: the store belongs to the server process, so all ask it here."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2

from whodid.cli.output import Unreachable
from whodid.config.load import is_loopback
from whodid.errors import WhodidError
from whodid.model.clock import SECOND, Clock, parse_duration, parse_rfc3339

DEFAULT_SERVER = "http://127.0.0.1:3100"
TIMEOUT_S = 120.0


class Refused(WhodidError):
    """The server answered with an error; its own words."""


class BadTime(WhodidError):
    """An instant on the command line that cannot be read."""


def get(server: str, path: str, parameters: Mapping[str, str | Sequence[str]]) -> Any:
    """The JSON answer of a GET. Raises Unreachable or Refused."""
    text = get_text(server, path, parameters)
    try:
        return json.loads(text)
    except ValueError:
        raise Refused(f"{server}{path} did not answer with JSON; is this a whodid server?") from None


def get_text(server: str, path: str, parameters: Mapping[str, str | Sequence[str]]) -> str:
    """The answer of a GET as text."""
    url = server.rstrip("/") + path
    try:
        answer = httpx2.get(url, params=dict(parameters), timeout=TIMEOUT_S, trust_env=uses_proxy(url))
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as e:
        raise Refused(f"--server {server!r} is no address: {e}") from None
    except httpx2.HTTPError as e:
        reason = str(e) or type(e).__name__
        raise Unreachable(f"cannot reach the server at {server}: {reason}; is `whodid up` running there?") from None
    if answer.status_code != 200:
        raise Refused(f"{server} answered {answer.status_code}: {answer.text.strip()[:500]}")
    return answer.text


def uses_proxy(url: str) -> bool:
    """Whether the proxies of the environment count: never on the way to this machine."""
    try:
        return not is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False  # no address at all, as the client will find out


def read_time(text: str, clock: Clock, name: str) -> int:
    """Nanoseconds of `1h` (that long ago), RFC 3339, or Unix seconds."""
    try:
        return clock.now_ns() - parse_duration(text)
    except ValueError:
        pass  # no duration: an instant then
    try:
        return int(text) * SECOND if text.isdigit() else parse_rfc3339(text)
    except ValueError:
        raise BadTime(
            f"{name} {text!r}: give a span such as 1h or 48h, or an instant such as 2026-12-01T09:30:00Z"
        ) from None
