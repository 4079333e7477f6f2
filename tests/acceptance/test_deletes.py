"""Deletions on a real server: at once while lines are pouring in, and still so after kill -9."""

import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import cramjam

from kit.processes import Installation, wait_until
from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import encode_push

DELETE = "/loki/api/v1/delete"


def push(whodid: Installation, job: str, *lines: str) -> None:
    begun_ns = time.time_ns()
    entries = [Entry(begun_ns + n, line, {}) for n, line in enumerate(lines)]
    body = bytes(cramjam.snappy.compress_raw(encode_push([Stream({"job": job}, entries)])))
    assert whodid.post("/loki/api/v1/push", body, {}) == (204, "")


def ask(whodid: Installation, method: str, **parameters: str) -> int:
    url = f"{whodid.url}{DELETE}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as answer:
        return int(answer.status)


def requests_of(whodid: Installation) -> list[dict[str, Any]]:
    return list(whodid.get(DELETE))


def lines_of(whodid: Installation, query: str) -> int:
    """How many lines a log query returns: what people see, not what is counted."""
    answer = whodid.get("/loki/api/v1/query_range", query=query, limit="5000", since="1h")
    return sum(len(stream["values"]) for stream in answer["data"]["result"])


def test_deleted_is_deleted(install: Callable[..., Installation]) -> None:
    whodid = install()
    server = whodid.start("server")
    start = str(int(time.time()) - 60)
    push(whodid, "app", "keep", *(f"password {n}" for n in range(500)))
    push(whodid, "app", *(f"token {n}" for n in range(20)))

    stop = threading.Event()
    pushed = 0

    def pour() -> None:
        nonlocal pushed
        while not stop.is_set():
            push(whodid, "noise", *(f"line {n}" for n in range(100)))
            pushed += 100

    pouring = threading.Thread(target=pour)
    pouring.start()
    try:
        wait_until(lambda: pushed > 500, "lines are pouring in")
        assert ask(whodid, "POST", query='{job="app"} |= "password"', start=start) == 204
        assert lines_of(whodid, '{job="app"} |= "password"') == 0
        assert whodid.total('{job="app"}') == 21
        assert ask(whodid, "PUT", query='{job="app"} |= "token"', start=start) == 204
        assert whodid.total('{job="app"}') == 1
    finally:
        stop.set()
        pouring.join()
    assert whodid.total('{job="noise"}') == pushed

    whodid.kill(server)
    whodid.start("server")
    assert whodid.total('{job="app"}') == 1
    first, second = requests_of(whodid)
    assert [(r["lines"], r["status"]) for r in (first, second)] == [(500, "received"), (20, "received")]
    assert ask(whodid, "DELETE", request_id=second["request_id"]) == 204
    assert whodid.total('{job="app"}') == 21
    assert lines_of(whodid, '{job="app"} |= "password"') == 0
