"""A real HTTP server on loopback that takes webhooks: answers as scripted, remembers what came."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class WebhookSink:
    """`answers` are used up one by one, then 200; `open` can be cleared to make requests hang."""

    url: str = ""
    hooks: list[Hook] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    open: threading.Event = field(default_factory=threading.Event)

    async def until(self, condition: Callable[["WebhookSink"], bool], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition(self):  # noqa: ASYNC110 - the sink lives in another thread
                await asyncio.sleep(0.001)


@contextmanager
def webhook_sink() -> Iterator[WebhookSink]:
    sink = WebhookSink()
    sink.open.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sink.hooks.append(Hook({name.lower(): value for name, value in self.headers.items()}, body))
            sink.open.wait(20)
            status = sink.answers.pop(0) if sink.answers else 200
            try:
                self.send_response(status)
                for name, value in sink.answer_headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()
            except OSError:
                self.close_connection = True  # the sender has gone; that is what the test is about

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    sink.url = f"http://127.0.0.1:{server.server_address[1]}/hook/s3cret-token"
    try:
        yield sink
    finally:
        sink.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
