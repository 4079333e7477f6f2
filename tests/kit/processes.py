"""Real whodid processes for acceptance tests: started, asked over HTTP, killed without mercy.

Ports are free ones of the loopback; every process that a test starts is ended by its own handle.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = 60.0, look_every_s: float = 0.02) -> None:
    """Asks again and again until the condition holds; fails with `what` when patience ends."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience_s:.0f} s: {what}")
        time.sleep(look_every_s)


class Installation:
    """One whodid.yml with its server and agent, in a directory of the test."""

    def __init__(self, directory: Path, **more: Any) -> None:
        self.directory = directory
        self.port, self.pages_port = free_port(), free_port()
        self.url, self.pages_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.pages_port}"
        self.file = directory / "whodid.yml"
        self.values: dict[str, Any] = {
            "data_dir": str(directory / "data"),
            "server": {"listen": f"127.0.0.1:{self.port}"},
            "dashboard": {"listen": f"127.0.0.1:{self.pages_port}"},
            **more,
        }
        self.values.setdefault("agent", {}).update({"server": self.url, "host": "test"})
        self.file.write_text(yaml.safe_dump(self.values))
        self._running: list[subprocess.Popen[bytes]] = []
        self.log = directory / "processes.log"

    def start(self, half: str, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Starts `server` or `agent`; with `wait`, a server is ready when this returns."""
        command = [sys.executable, "-m", "whodid", half, "--config", str(self.file)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        self._running.append(process)
        if half == "server" and wait:
            wait_until(lambda: self.is_ready(process), f"the server is ready; its log: {self.log}")
        return process

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.log.read_text()[-2000:]
        try:
            return self.get("/ready") is not None
        except OSError:
            return False

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._running.remove(process)

    def stop(self) -> None:
        """Ends what still runs."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def get(self, path: str, **parameters: str) -> Any:
        """The JSON (or text) answer of a GET."""
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith(("{", "[")) else text

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status and text of a POST."""
        request = urllib.request.Request(self.url + path, body, dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def total(self, query: str, span: str = "2h") -> int:
        """How many lines a log query has in the last `span`."""
        answer = self.get(
            "/loki/api/v1/query", query=f"sum(count_over_time({query} [{span}]))", time=str(time.time_ns())
        )
        result = answer["data"]["result"]
        return int(result[0]["value"][1]) if result else 0

    def findings(self, since: str = "2h") -> list[dict[str, Any]]:
        return list(self.get("/whodid/api/v1/findings", since=since)["findings"])
