"""The composition root: it fails early and in words, stops as a whole, and loses nothing that it acknowledged."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from kit.processes import Installation, free_port, wait_until
from kit.query_bench import BASE_NS, QueryBench
from whodid import server
from whodid.config.settings import Config, Listen
from whodid.model.clock import SECOND, SystemClock
from whodid.query.limits import Limits
from whodid.rules.load import RuleFileError
from whodid.server import HalfRunning, PortTaken, QuestionTooLarge, run_server

BROKEN = """
import whodid.server

async def broken(*settings):
    raise RuntimeError("the disk is on fire")

whodid.server.keep_enforcing = broken
from whodid.cli.main import main
main()
"""
PUSHERS = 4


# -- the beginning --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["server", "dashboard"])
async def test_a_port_that_is_taken_is_told_before_anything_is_touched(tmp_path: Path, key: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        listens = {
            "server": Listen("127.0.0.1", 0),
            "dashboard": Listen("127.0.0.1", 0),
            key: Listen("127.0.0.1", port),
        }
        with pytest.raises(PortTaken) as refused:
            await run_server(Config(tmp_path / "data", **listens), SystemClock(), asyncio.Event())
    assert str(refused.value) == (
        f"cannot listen on 127.0.0.1:{port} ({key}.listen): Address already in use; stop the program that uses "
        f"the port (`ss -ltnp 'sport = :{port}'` names it) or set another {key}.listen"
    )
    assert not (tmp_path / "data").exists()


async def test_an_address_that_is_not_ours(tmp_path: Path) -> None:
    config = Config(tmp_path, server=Listen("192.0.2.1", 3100))
    with pytest.raises(PortTaken, match=r"cannot listen on 192.0.2.1:3100 .*: Cannot assign requested address; "):
        await run_server(config, SystemClock(), asyncio.Event())


async def test_rules_with_mistakes_are_told_before_the_store_is_opened_and_free_the_ports(tmp_path: Path) -> None:
    listen = Listen("127.0.0.1", free_port())
    config = Config(tmp_path / "data", listen, Listen("127.0.0.1", 0), rules=(str(tmp_path / "none.yml"),))
    with pytest.raises(RuleFileError, match=r"none.yml:1:1: no rule file matches"):
        await run_server(config, SystemClock(), asyncio.Event())
    assert not (tmp_path / "data").exists()
    with socket.socket() as free:
        free.bind((listen.host, listen.port))


# -- the middle -----------------------------------------------------------------------------------


async def test_a_question_with_too_many_lines_is_refused_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = QueryBench(Limits(max_entries=server.FINDINGS_ROWS))
    line = "LOG:  statement: TRUNCATE x;"
    attributes = {"operation": "TRUNCATE", "statement": "TRUNCATE x;", "table": "x"}
    await bench.load({"job": "database"}, [(BASE_NS + n * SECOND, line, attributes) for n in range(5)])
    monkeypatch.setattr(server, "DEFAULT_TENANT", bench.tenant)
    find = server._finder(bench.engine, Config(Path("/nowhere")))
    assert len(await find(BASE_NS, BASE_NS + 60 * SECOND, [])) == 5
    monkeypatch.setattr(server, "FINDINGS_ROWS", 5)
    with pytest.raises(
        QuestionTooLarge, match="more than 5 lines bear on this question; ask for a shorter time or add"
    ):
        await find(BASE_NS, BASE_NS + 60 * SECOND, [])


async def test_whether_there_was_anything_to_judge_is_one_cheap_question(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = QueryBench(Limits(max_entries=1))
    monkeypatch.setattr(server, "DEFAULT_TENANT", bench.tenant)
    attributes = {"severity": "LOG", "operation": "SELECT"}
    await bench.load({"job": "shop"}, [(BASE_NS + n * SECOND, "LOG:  statement: SELECT 1", attributes) for n in (1, 2)])
    await bench.load({"job": "auth"}, [(BASE_NS, "Accepted publickey", {"operation": "login"})])
    await bench.load({"job": "database"}, [(BASE_NS, "LOG:  checkpoint starting", {"severity": "LOG"})])
    has_deeds = server._judge_of_deeds(bench.engine)
    assert await has_deeds(BASE_NS, BASE_NS + 60 * SECOND)
    assert not await has_deeds(BASE_NS, BASE_NS + SECOND)


def test_a_part_that_fails_stops_the_whole_server(tmp_path: Path) -> None:
    """Half a server lies: it would answer and yet, say, never judge a rule again."""
    whodid = Installation(tmp_path)
    command = [sys.executable, "-c", BROKEN, "server", "--config", str(whodid.file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, "systemd must see a failure and start it again"
    assert done.stdout == ""
    *logged, last = done.stderr.splitlines()
    why = "retention ended unexpectedly (RuntimeError('the disk is on fire'))"
    assert last == f"whodid: the server stopped because {why}; its log says more"
    assert any(f" CRITICAL whodid.server: {why}, the server stops" in line for line in logged)
    assert "Traceback (most recent call last):" in logged


async def test_a_part_that_ends_by_itself_is_a_failure_too() -> None:
    stop = asyncio.Event()

    async def ends() -> None:
        """Says nothing and leaves."""

    with pytest.raises(
        HalfRunning, match=r"^the server stopped because the rules ended unexpectedly; its log says more$"
    ):
        async with server._running({"the rules": ends(), "the rest": asyncio.sleep(60)}, stop):
            await asyncio.wait_for(stop.wait(), 10)


async def test_parts_that_end_because_the_server_stops_are_no_failure() -> None:
    stop = asyncio.Event()

    async def until_told() -> None:
        await stop.wait()

    async with server._running({"the rules": until_told(), "the rest": asyncio.sleep(60)}, stop):
        stop.set()
        await asyncio.sleep(0)


# -- the end --------------------------------------------------------------------------------------


class Pusher(threading.Thread):
    """Pushes one line after the other until the server is gone; remembers what was acknowledged."""

    def __init__(self, whodid: Installation, number: int) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.refusals: Counter[int] = Counter()
        self._url, self._number = f"{whodid.url}/loki/api/v1/push", number

    def run(self) -> None:
        for n in range(100_000):
            line = f"pusher {self._number} line {n}"
            body = {"streams": [{"stream": {"job": "load"}, "values": [[str(time.time_ns()), line]]}]}
            request = urllib.request.Request(self._url, json.dumps(body).encode(), {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    assert answer.status == 204
                    self.acknowledged.append(line)
            except urllib.error.HTTPError as e:
                self.refusals[e.code] += 1
            except OSError:
                return  # the server has hung up


def test_sigterm_while_pushes_are_under_way_loses_nothing_acknowledged(tmp_path: Path) -> None:
    whodid = Installation(tmp_path)
    process = whodid.start("server")
    pushers = [Pusher(whodid, number) for number in range(PUSHERS)]
    try:
        for pusher in pushers:
            pusher.start()
        wait_until(lambda: all(len(pusher.acknowledged) > 2 for pusher in pushers), "pushes are under way")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        for pusher in pushers:
            pusher.join(timeout=30)
            assert not pusher.is_alive()
        said = whodid.log.read_text()
        assert "Traceback" not in said, said
        assert all(set(pusher.refusals) <= {429, 503} for pusher in pushers), "a refusal that says: come again"

        process = whodid.start("server")
        stored = Counter(_lines(whodid))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    finally:
        whodid.stop()
    acknowledged = {line for pusher in pushers for line in pusher.acknowledged}
    assert acknowledged - set(stored) == set()
    assert max(stored.values()) == 1


def _lines(whodid: Installation) -> list[str]:
    answer = whodid.get("/loki/api/v1/query_range", query='{job="load"}', since="1h", limit="5000")
    return [line for stream in answer["data"]["result"] for _, line in stream["values"]]


def test_answers_leave_without_waiting_for_the_client() -> None:
    """Asyncio turns Nagle off only for sockets that say they are TCP; with it, most answers took 40 ms more."""
    with (
        server._bind(Listen("127.0.0.1", 0), "server.listen") as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.proto == socket.IPPROTO_TCP
