"""A whodid server that says what a test tells it to, over real HTTP and WebSockets on the loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.sync.server import ServerConnection, serve

Answer = tuple[int, str | bytes | dict[str, Any]]


class StubServer:
    """`answers`: what each path gives; `asked`: path and parameters of each request, in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.posted: list[tuple[str, dict[str, str], bytes]] = []
        """Path, headers (small letters) and body of each POST."""
        self.silent = 0
        """How many POSTs get no answer."""

    def give(self, path: str, body: str | bytes | dict[str, Any], status: int = 200) -> None:
        self.answers[path] = (status, body)


@contextmanager
def stub_server() -> Iterator[StubServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            stub.asked.append((place.path, parse_qs(place.query, keep_blank_values=True)))
            self._answer(place.path)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            stub.posted.append((self.path, headers, body))
            if stub.silent:
                stub.silent -= 1
                self.close_connection = True
            else:
                self._answer(self.path)

        def _answer(self, path: str) -> None:
            status, body = stub.answers.get(path, (404, "Not Found"))
            data = json.dumps(body).encode() if isinstance(body, dict) else body
            data = data.encode() if isinstance(data, str) else data
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *said: object) -> None:
            """Nothing: the test looks at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub = StubServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def stub_tail(act: Callable[[int, dict[str, list[str]], ServerConnection], None]) -> Iterator[str]:
    """A server of tails: `act` is called with the number of the connection, its parameters and the connection."""
    count = 0

    def handle(connection: ServerConnection) -> None:
        nonlocal count
        count += 1
        assert connection.request is not None
        act(count, parse_qs(urlsplit(connection.request.path).query), connection)

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()
