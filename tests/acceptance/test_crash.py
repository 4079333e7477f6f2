"""kill -9 of agent and server in the middle of a load: every line is stored, and stored once."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kit.processes import PREFIX, Installation, wait_until

LINES = 200_000
KILLS = 6


def _write_part(path: Path, first: int, count: int, rng: random.Random) -> None:
    """Numbered statements of many sessions, as PostgreSQL writes them."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    with path.open("a") as file:
        for n in range(first, first + count):
            pid = rng.randint(1000, 1040)
            head = f"{stamp} [{pid}]: [{n}-1] user=app_rw,db=shop,app=api,client=10.0.0.{pid % 8} LOG:  "
            text = f"statement: SELECT {n} FROM orders;" if n % 2 else f"duration: 0.{n:06d} ms"
            file.write(f"{head}{text}\n")


def test_every_line_is_stored_once(install: Callable[..., Installation], tmp_path: Path) -> None:
    rng = random.Random(20261123)
    logs = tmp_path / "logs"
    logs.mkdir()
    source = {"job": "database", "format": "postgres", "paths": [str(logs / "*.log")], "line_prefix": PREFIX}
    whodid = install(agent={"sources": [source]})
    _write_part(logs / "a.log", 0, LINES // 2, rng)
    server, agent = whodid.start("server"), whodid.start("agent")
    written, part = LINES // 2, LINES // 2 // KILLS

    for kill in range(KILLS):
        _write_part(logs / ("a.log" if kill % 2 else "b.log"), written, part, rng)
        written += part
        # Each kill strikes at another point of the work: after so many further lines, not after so many seconds.
        goal = min(whodid.total('{job="database"}') + rng.randint(1000, 15_000), written)
        wait_until(lambda goal=goal: whodid.total('{job="database"}') >= goal, f"{goal} lines", look_every_s=0.3)
        if kill % 3 != 1:
            whodid.kill(agent)
        if kill % 3 != 0:
            whodid.kill(server)
            server = whodid.start("server")
        if kill % 3 != 1:
            agent = whodid.start("agent")
    _write_part(logs / "b.log", written, LINES - written, rng)

    wait_until(lambda: whodid.total('{job="database"}') >= LINES, f"all {LINES} lines", look_every_s=1.0)
    time.sleep(1.0)  # a line stored twice would come late: give it the chance
    assert whodid.total('{job="database"}') == LINES
    numbers = _numbers(whodid)
    assert len(numbers) == LINES
    assert set(numbers) == set(range(LINES))


def _numbers(whodid: Installation) -> list[int]:
    """The %l numbers of all stored lines, page by page as logcli does it."""
    found: dict[tuple[str, str], int] = {}
    start, end = time.time_ns() - 2 * 3600 * 10**9, time.time_ns() + 10**9
    while True:
        answer = whodid.get(
            "/loki/api/v1/query_range",
            query='{job="database"}',
            start=str(start),
            end=str(end),
            limit="5000",
            direction="forward",
        )
        values = [tuple(v) for s in answer["data"]["result"] for v in s["values"]]
        fresh = {v: int(v[1].split("]: [")[1].split("-")[0]) for v in values if v not in found}
        if not fresh:
            return list(found.values())
        found.update(fresh)
        start = max(int(ns) for ns, _ in values)
