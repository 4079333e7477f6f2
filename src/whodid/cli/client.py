"""The server's HTTP API as the commands call it: the store belongs to the server process, so all ask it here."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx2

from whodid.cli.output import Unreachable
from whodid.config.load import is_loopback
from whodid.errors import WhodidError
from whodid.model.clock import SECOND, Clock, parse_duration, parse_rfc3339
from whodid.wire.push_headers import ATTEMPT_HEADER, KEY_HEADER

DEFAULT_SERVER = "http://127.0.0.1:3100"
TIMEOUT_S = 120.0
PUSH_PATH = "/loki/api/v1/push"
PUSH_TIMEOUT_S = 20.0
PUSH_ATTEMPTS = 2
PERHAPS_THE_DASHBOARD = "is this the API's address (port 3100), and not the dashboard's?"
_NOTHING_THERE = ("404 page not found", "Not Found")
"""What whodid says of an address that it does not have, and what others say."""
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?)?(?: ?(UTC|[Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)


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
        raise refused(server, answer)
    return answer.text


def push(server: str, stream: Mapping[str, Any], key: str, token: str = "") -> None:
    """Pushes one stream; it is durable when this returns. An answer that is lost is asked for again.

    Raises Unreachable or Refused.
    """
    url = server.rstrip("/") + PUSH_PATH
    headers = {KEY_HEADER: key, **({"Authorization": f"Bearer {token}"} if token else {})}
    reason = ""
    for attempt in range(1, PUSH_ATTEMPTS + 1):
        try:
            answer = httpx2.post(
                url,
                json={"streams": [stream]},
                headers={**headers, ATTEMPT_HEADER: str(attempt)},
                timeout=PUSH_TIMEOUT_S,
                trust_env=uses_proxy(url),
            )
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeEncodeError) as e:
            raise Refused(f"--server {server!r} is no address, or the token no token: {e}") from None
        except httpx2.ConnectError as e:
            if attempt > 1:
                break  # the first attempt got through: perhaps its event did, too
            raise Unreachable(
                f"cannot reach the server at {server}: {e}; nothing is stored; is `whodid up` running there?"
            ) from None
        except httpx2.HTTPError as e:
            reason = str(e) or type(e).__name__
            continue
        if answer.status_code != HTTPStatus.NO_CONTENT:
            raise refused(server, answer)
        return
    raise Unreachable(f"the server at {server} did not answer ({reason}); it may or may not have stored the event")


def refused(server: str, answer: httpx2.Response) -> Refused:
    """What the server said, and what may be wrong with the address."""
    said = answer.text.strip()[:500]
    nowhere = answer.status_code == HTTPStatus.NOT_FOUND and said in _NOTHING_THERE
    return Refused(f"{server} answered {answer.status_code}: {said}{f'; {PERHAPS_THE_DASHBOARD}' if nowhere else ''}")


def uses_proxy(url: str) -> bool:
    """Whether the proxies of the environment count: never on the way to this machine."""
    try:
        return not is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False  # no address at all, as the client will find out


def read_time(text: str, clock: Clock, name: str) -> int:
    """Nanoseconds of `1h` (that long ago), an instant as whodid prints it, or Unix seconds."""
    try:
        return clock.now_ns() - parse_duration(text)
    except ValueError:
        pass  # no duration: an instant then
    try:
        return int(text) * SECOND if text.isdigit() else _read_instant(text)
    except ValueError:
        raise BadTime(
            f"{name} {text!r}: give a span such as 1h or 48h, or an instant such as 2026-12-01T09:30:00Z "
            "or '2026-12-01 09:30' (UTC)"
        ) from None


def _read_instant(text: str) -> int:
    """RFC 3339, and what people type of it: without seconds, without the time, without a zone, which then is UTC."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"not an instant: {text!r}")
    day, minute, second, zone = match.groups()
    zone = "Z" if zone in (None, "UTC") else zone
    return parse_rfc3339(f"{day}T{minute or '00:00'}{second or ':00'}{zone}")
