"""Proof `agent`: a server at rest, then an agent that follows a file of PostgreSQL's format which grows at once.

It counts until the server has stored all lines, and the processor time of both programs: the agent runs on the team's
production hosts.
"""

import random
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.lines import PREFIX, LineMaker, database, literals, sessions
from benchmarks.machine import cpu_seconds, memory_mib
from benchmarks.report import Report, Row, at_least, at_most
from benchmarks.server import Server, serving
from kit.processes import wait_until

LOG = "postgresql.log"
MARK_LINES_PER_S = at_least(60_000)
MARK_ONE_CORE = at_least(120_000)
"""Twice what Promtail does with the same fields by a regex stage; on a machine whose empty loop takes 14 ns."""
MARK_AGENT_MIB = at_most(120)
MARK_AT_REST_MIB = at_most(450)


def at_rest(server: Server, seconds: float) -> list[Row]:
    """Memory and processor of a server that nobody asks for anything."""
    time.sleep(min(3.0, seconds))  # "at rest" is a state, not a condition to wait for
    cpu, begin = cpu_seconds(server.pid), time.perf_counter()
    time.sleep(seconds)
    percent = (cpu_seconds(server.pid) - cpu) / (time.perf_counter() - begin) * 100
    return [
        Row("server at rest: memory", server.memory_mib(), "MiB", MARK_AT_REST_MIB),
        Row("server at rest: CPU", round(percent, 1), "%"),
    ]


def follow(server: Server, log: Path, kind: str, make: LineMaker, count: int) -> list[Row]:
    """Lines a second until the server has them all.

    A file that it follows already grows by all lines at once: how long a program takes to start is another question.
    """
    rng, now = random.Random(5), time.time() - 600
    text = "".join(f"{make(rng, now + n * 500 / count, n)}\n" for n in range(count))
    before = _stored(server)
    agent = server.installation.start("agent")
    _append(log, f"{make(rng, now, 0)}\n")
    wait_until(lambda: _stored(server) > before, "the first line", 60)
    cpu, server_cpu, begin = cpu_seconds(agent.pid), cpu_seconds(server.pid), time.perf_counter()
    _append(log, text)
    wait_until(lambda: _stored(server) > before + count, f"{count} lines", 300, look_every_s=0.05)
    seconds = time.perf_counter() - begin
    cpu, server_cpu = cpu_seconds(agent.pid) - cpu, cpu_seconds(server.pid) - server_cpu
    return [*_rates(kind, count, seconds, cpu, server_cpu), _memory(kind, server, agent)]


def _rates(kind: str, count: int, seconds: float, cpu_s: float, server_cpu_s: float) -> list[Row]:
    """What agent and server did together on this machine's cores, and what the agent's part leaves for one core."""
    note = f"CPU a line: agent {cpu_s / count * 1e6:.1f} µs, server {server_cpu_s / count * 1e6:.1f} µs"
    alone = MARK_ONE_CORE if kind == "sessions" else None
    return [
        Row(f"agent, {kind}", round(count / seconds), "lines/s", MARK_LINES_PER_S, note),
        Row(f"agent, {kind}: its core alone", round(count / cpu_s), "lines/s", alone, "lines by its processor time"),
    ]


def _memory(kind: str, server: Server, agent: subprocess.Popen[bytes]) -> Row:
    used = memory_mib(agent.pid)
    server.installation.kill(agent)
    return Row(f"agent, {kind}: memory", used, "MiB", MARK_AGENT_MIB)


def _append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def _stored(server: Server) -> int:
    return int(server.metrics()["whodid_ingested_lines_total"])


def _settings(directory: Path) -> dict[str, Any]:
    source = {"job": "agent", "format": "postgres", "paths": [str(directory / LOG)], "line_prefix": PREFIX}
    return {"agent": {"sources": [source]}}


def prove(lines: int, rest_s: float) -> Report:
    """A server at rest, and three kinds of a log."""
    with serving(_settings) as server:
        log = server.installation.directory / LOG
        rows = at_rest(server, rest_s)
        rows += follow(server, log, "random heads", database, lines)
        rows += follow(server, log, "sessions", sessions, lines)
        rows += follow(server, log, "literals", literals, lines)
        rows.append(Row("server after the load: memory", server.memory_mib(), "MiB"))
        return Report("agent", rows, {"lines": lines, "others_cores": server.company.cores()})
