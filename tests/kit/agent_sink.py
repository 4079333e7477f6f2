"""A push server for tests of the agent: a real HTTP listener that stores entries and honours idempotency keys.

Also run as a program (`python agent_sink.py`): prints its port, then counts entries until its standard input ends.
"""

import hashlib
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cramjam

from whodid.model.entry import Entry
from whodid.wire.push_headers import KEY_HEADER
from whodid.wire.push_protobuf import count_entries, iter_entries, scan_streams


class PushStore:
    """What a server would have stored, and every attempt it saw. `wait_for` blocks until it holds enough."""

    def __init__(self, counting: bool = False) -> None:
        self.counting = counting
        """Whether entries are only counted, for there are too many of them."""
        self.count = 0
        self.entries: list[tuple[str, Entry]] = []
        self.keys: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._seen: dict[str, bytes] = {}
        self._changed = threading.Condition()

    def push(self, key: str, body: bytes) -> None:
        with self._changed:
            if not self.counting:
                self.keys.append(key)
            if key not in self._seen:
                self._seen[key] = hashlib.sha256(body).digest()
                raw = bytes(cramjam.snappy.decompress_raw(body))
                self.count += sum(count_entries(raw, begin, end) for _, begin, end in scan_streams(raw))
                if not self.counting:
                    self.entries.extend(iter_entries(raw))
            assert self._seen[key] == hashlib.sha256(body).digest(), f"key {key} with two bodies"
            self._changed.notify_all()

    def wait_for(self, enough: Callable[["PushStore"], bool], timeout_s: float = 10.0) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: enough(self), timeout_s):
                raise AssertionError(f"after {timeout_s} s the sink holds only {len(self.entries)} entries")

    def lines(self) -> list[str]:
        """As they arrived."""
        return [entry.line for _, entry in self.entries]

    def lines_by_instant(self) -> list[str]:
        """As a server shows them."""
        return [entry.line for _, entry in sorted(self.entries, key=lambda stored: stored[1].ns)]


class Sink:
    """The HTTP listener around a PushStore; `answer` may replace the answer to one attempt (status, or None: store)."""

    def __init__(self, answer: Callable[[int], int | None] = lambda attempt: None, counting: bool = False) -> None:
        self.store = PushStore(counting)
        self.attempts = 0
        self.most_at_once = 0
        """How many pushes were here at the same time, at most."""
        here: set[object] = set()
        self._attempted = threading.Event()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    return  # the agent was killed while it sent this
                sink.attempts += 1
                sink._attempted.set()
                if not counting:
                    sink.store.headers.append({**dict(self.headers.items()), "path": self.path})
                here.add(self)
                sink.most_at_once = max(sink.most_at_once, len(here))
                status = answer(sink.attempts)
                if status is None:
                    sink.store.push(self.headers.get(KEY_HEADER, ""), body)
                here.discard(self)
                self.send_response(status or 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def wait_for_attempt(self, timeout_s: float = 10.0) -> None:
        """Blocks until the first push has arrived, whatever it was answered."""
        assert self._attempted.wait(timeout_s)

    def __enter__(self) -> "Sink":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


if __name__ == "__main__":
    with Sink() as running:
        print(running.url, flush=True)
        sys.stdin.read()
        print(len(running.store.entries), flush=True)
