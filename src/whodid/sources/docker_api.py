"""Docker's engine, asked over its socket: containers, their logs, and what happens to them. Called by docker.py.

Answers that go on for days have no read timeout; everything else has. Source: Docker Engine API v1.24 and newer, of
which only what all versions (and podman) have is used.
"""

import json
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2

from whodid.errors import WhodidError
from whodid.model.clock import SECOND
from whodid.sources.docker_container import Filter

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
_TIMEOUT_S: Final = 30.0
_ANSWER_BYTES: Final = 32 << 20
_EVENTS: Final = json.dumps({"type": ["container"]})
logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log a line per request


class EngineAway(WhodidError):
    """The engine cannot be reached, or broke off; says why and what to do."""


class EngineRefused(WhodidError):
    """The engine answered, but not with what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Engine:
    """One engine."""

    def __init__(self, host: str = DEFAULT_HOST) -> None:
        """Raises EngineAway for an address that is none."""
        scheme, _, rest = host.partition("://")
        self._socket = rest if scheme == "unix" else ""
        if scheme not in ("unix", "tcp", "http", "https") or not rest:
            raise EngineAway(f"docker: host: {host!r} is no address: use {DEFAULT_HOST} or tcp://127.0.0.1:2375")
        self.name = host
        transport = httpx2.AsyncHTTPTransport(
            verify=scheme == "https",
            uds=self._socket or None,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=4),
            trust_env=False,
        )
        base = "http://docker" if self._socket else f"{'https' if scheme == 'https' else 'http'}://{rest.rstrip('/')}"
        self._client = httpx2.AsyncClient(
            transport=transport, base_url=base, timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def containers(self, filters: Sequence[Filter]) -> dict[str, bool]:
        """All containers that the filters leave by their ids, the oldest first, and whether each runs."""
        asked = json.dumps({one.name: list(one.values) for one in filters})
        found = await self._get("/containers/json", {"all": "1", "filters": asked})
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        rows.sort(key=lambda row: row["Created"] if isinstance(row.get("Created"), int) else 0)
        return {row["Id"]: row.get("State") == "running" for row in rows if isinstance(row.get("Id"), str)}

    async def inspect(self, id: str) -> dict[str, Any]:
        """All that the engine knows of a container. Raises EngineRefused with 404 where there is none."""
        found = await self._get(f"/containers/{id}/json", {})
        return found if isinstance(found, dict) else {}

    @asynccontextmanager
    async def logs(self, id: str, since_ns: int, *, follow: bool) -> AsyncIterator[AsyncIterator[bytes]]:
        """A container's log from an instant on."""
        parameters = {
            "stdout": "1",
            "stderr": "1",
            "timestamps": "1",
            "follow": "1" if follow else "0",
            "since": _instant(since_ns),
        }
        async with self._stream(f"/containers/{id}/logs", parameters) as chunks:
            yield chunks

    @asynccontextmanager
    async def events(self, since_ns: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """What happens to containers, from an instant on, as JSON objects with line breaks between."""
        parameters = {"filters": _EVENTS}
        if since_ns:
            parameters["since"] = _instant(since_ns)
        async with self._stream("/events", parameters) as chunks:
            yield chunks

    async def _get(self, path: str, parameters: dict[str, str]) -> Any:
        async with self._stream(path, parameters, read_timeout_s=_TIMEOUT_S) as chunks:
            data = b""
            async for chunk in chunks:
                data += chunk
                if len(data) > _ANSWER_BYTES:
                    raise EngineRefused(200, f"{self.name}: the answer to {path} is larger than {_ANSWER_BYTES} bytes")
        try:
            return json.loads(data)
        except ValueError:
            raise EngineRefused(200, f"{self.name}: the answer to {path} is no JSON: is it Docker?") from None

    @asynccontextmanager
    async def _stream(
        self, path: str, parameters: dict[str, str], read_timeout_s: float | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        # Older engines send not even the head of a log's answer before there is a line (moby issue 47448).
        timeout = httpx2.Timeout(_TIMEOUT_S, read=read_timeout_s)
        try:
            async with self._client.stream("GET", path, params=parameters, timeout=timeout) as answer:
                if answer.status_code != 200:
                    said = (await answer.aread())[:1000].decode("utf-8", "replace")
                    raise EngineRefused(answer.status_code, f"{self.name}: {path}: {_message(said)}")
                yield answer.aiter_raw()
        except (httpx2.TransportError, httpx2.StreamError, OSError) as e:
            raise EngineAway(self._why(e)) from None

    def _why(self, error: Exception) -> str:
        if self._socket and not os.path.exists(self._socket):  # noqa: PTH110 – nothing but a question
            return f"waiting for Docker: there is no socket {self._socket}"
        if self._socket and not os.access(self._socket, os.R_OK | os.W_OK):
            return (
                f"cannot ask Docker: {self._socket} may be used by root and the group docker only. Run the agent as "
                "root, or add its user to that group (usermod --append --groups docker USER): both give it all rights "
                "on this machine, for who may speak to Docker can become root"
            )
        return f"Docker at {self.name} cannot be reached: {str(error) or type(error).__name__}"


def _instant(ns: int) -> str:
    return f"{ns // SECOND}.{ns % SECOND:09d}"


def _message(text: str) -> str:
    """The engine's own words."""
    try:
        found = json.loads(text)
    except ValueError:
        return text.strip()
    return str(found.get("message", text)) if isinstance(found, dict) else text
