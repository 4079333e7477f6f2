"""A live tail in a thread: counts what it is sent, and what the server says that it left out."""

import json
import threading
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


class Tail:
    """Open from its making until `close`."""

    def __init__(self, port: int, query: str) -> None:
        self.query = query
        self.frames = self.lines = self.left_out = 0
        self._socket = connect(f"ws://127.0.0.1:{port}/loki/api/v1/tail?query={quote(query)}", max_size=None)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def note(self) -> str:
        return f"{self.lines:,} lines, {self.left_out:,} left out"

    def close(self) -> None:
        self._socket.close()
        self._thread.join()

    def _read(self) -> None:
        try:
            for text in self._socket:
                frame = json.loads(text)
                self.frames += 1
                self.lines += sum(len(stream["values"]) for stream in frame["streams"] or ())
                self.left_out += len(frame.get("dropped_entries") or ())
        except ConnectionClosed:
            return
