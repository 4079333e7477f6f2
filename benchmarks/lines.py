"""Log lines for measuring: what the servers of a small team write, seeded. Pure functions of their arguments.

A few lines are rare on purpose (RARE_EACH): they are the needles that queries.py looks for.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

LineMaker = Callable[[random.Random, float, int], str]
"""Makes a line from a source of chance, its instant and its number."""
PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
RARE_EACH = 50_000
"""One line in so many is a TRUNCATE, and another one a DROP TABLE: fewer than a query's limit in two million lines."""
_ROLES = ("shop_app", "reporting", "shop_admin", "postgres")
_APPS = ("psql", "shop-api", "DBeaver", "celery")
_TABLES = ("customer", "orders", "invoice", "stock", "User")
_PATHS = ("/api/orders", "/api/stock", "/login", "/static/main.css", "/health")
_STATUS = {200: 70, 201: 5, 304: 12, 404: 10, 500: 2, 502: 1}
_STATUSES = tuple(status for status, count in _STATUS.items() for _ in range(count))
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def _below(rng: random.Random, end: int) -> int:
    """A number from 0 on; a third of the time that randrange takes."""
    return int(rng.random() * end)


def _any(rng: random.Random, choices: tuple[str, ...]) -> str:
    return choices[int(rng.random() * len(choices))]


@lru_cache(maxsize=64)
def _stamp(seconds: int, pattern: str) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(pattern)


def _address(rng: random.Random) -> str:
    return f"10.1.{_below(rng, 4)}.{1 + _below(rng, 254)}"


def _statement(rng: random.Random, number: int) -> str:
    if number % RARE_EACH == RARE_EACH // 2:
        return f'LOG:  statement: TRUNCATE "{_any(rng, _TABLES)}" CASCADE;'
    if number % RARE_EACH == RARE_EACH // 4:
        return f'LOG:  statement: DROP TABLE "{_any(rng, _TABLES)}_{number}";'
    table, kind = _any(rng, _TABLES), rng.random()
    if kind < 0.44:
        row = 1 + _below(rng, 10**6)
        return f'LOG:  statement: SELECT id, name, updated_at FROM "{table}" WHERE id = {row} LIMIT 20;'
    if kind < 0.88:
        return f"LOG:  duration: {rng.expovariate(1 / 6):.3f} ms"
    if kind < 0.96:
        return f"LOG:  statement: UPDATE \"{table}\" SET state = 'paid' WHERE id = {1 + _below(rng, 10**6)};"
    if kind < 0.99:
        return f'LOG:  statement: DELETE FROM "{table}" WHERE id = {1 + _below(rng, 10**6)};'
    return f'ERROR:  duplicate key value violates unique constraint "{table}_pkey"'


def _record(rng: random.Random, seconds: float, pid: int, number: int, line_no: int, who: str) -> str:
    stamp = _stamp(int(seconds), "%Y-%m-%d %H:%M:%S UTC")
    return f"{stamp} [{pid}]: [{line_no}-1] {who} {_statement(rng, number)}"


def _who(rng: random.Random) -> str:
    return f"user={_any(rng, _ROLES)},db=shop,app={_any(rng, _APPS)},client={_address(rng)}"


def database(rng: random.Random, seconds: float, number: int) -> str:
    """One record of PostgreSQL's stderr log, every one with another head: harder than any server makes it."""
    who = _who(rng)
    return _record(rng, seconds, 2000 + _below(rng, 400), number, number % 9000 + 1, who)


@lru_cache(maxsize=1024)
def _session(pid: int) -> str:
    return _who(random.Random(pid))


def sessions(rng: random.Random, seconds: float, number: int) -> str:
    """The same as a server writes it: 400 sessions, each with its own names and its lines numbered."""
    pid = 3000 + number % 400
    return _record(rng, seconds, pid, number, number // 400 + 1, _session(pid))


def literals(rng: random.Random, seconds: float, number: int) -> str:
    """The same with ever other strings in the statements: what drivers send that put the values in themselves."""
    pid = 3000 + number % 400
    table, key = _any(rng, _TABLES), f"{rng.getrandbits(48):x}"
    statement = (
        f"LOG:  statement: SELECT id, name FROM \"{table}\" WHERE code = '{key}' AND deleted_at IS NULL LIMIT 20;",
        f"LOG:  statement: INSERT INTO \"{table}\" (id, name) VALUES ('{key}', 'name {number}');",
        f"LOG:  statement: UPDATE \"{table}\" SET state = 'paid' WHERE code = '{key}';",
        f"LOG:  duration: {rng.expovariate(1 / 6):.3f} ms",
    )[number % 4]
    stamp = _stamp(int(seconds), "%Y-%m-%d %H:%M:%S UTC")
    return f"{stamp} [{pid}]: [{number // 400 + 1}-1] {_session(pid)} {statement}"


def web(rng: random.Random, seconds: float, number: int) -> str:
    """One line of nginx' combined access log."""
    stamp = _stamp(int(seconds), "%d/%b/%Y:%H:%M:%S +0000")
    status = _STATUSES[_below(rng, len(_STATUSES))]
    path = f"{_any(rng, _PATHS)}/{1 + _below(rng, 99_999)}"
    return f'{_address(rng)} - - [{stamp}] "GET {path} HTTP/1.1" {status} {90 + _below(rng, 60_000)} "-" "{_AGENT}"'


def backend(rng: random.Random, seconds: float, number: int) -> str:
    """One JSON line of an application; one error in three is a 500."""
    chance = rng.random()
    level = "INFO" if chance < 0.75 else "DEBUG" if chance < 0.9 else "WARNING" if chance < 0.96 else "ERROR"
    fields = {
        "level": level,
        "msg": "request failed" if level == "ERROR" else "request done",
        "path": _any(rng, _PATHS),
        "status": 500 if level == "ERROR" and number % 3 == 0 else 200,
        "took_ms": 1 + _below(rng, 900),
        "request_id": f"{rng.getrandbits(64):016x}",
    }
    return json.dumps(fields)


def auth(rng: random.Random, seconds: float, number: int) -> str:
    """One line of sshd in auth.log."""
    stamp = _stamp(int(seconds), "%b %d %H:%M:%S")
    return f"{stamp} web sshd[{500 + _below(rng, 9500)}]: Failed password for root from {_address(rng)} port 40022 ssh2"


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of the mix."""

    labels: Mapping[str, str]
    make: LineMaker
    share: int


SOURCES = (
    Source({"job": "database", "host": "db1"}, database, 45),
    Source({"job": "nginx", "host": "web1"}, web, 18),
    Source({"job": "nginx", "host": "web2"}, web, 14),
    Source({"job": "backend", "host": "web1"}, backend, 10),
    Source({"job": "backend", "host": "web2"}, backend, 8),
    Source({"job": "auth", "host": "db1"}, auth, 1),
    Source({"job": "auth", "host": "web1"}, auth, 2),
    Source({"job": "auth", "host": "web2"}, auth, 2),
)


def mixed(count: int, begin_s: float, step_s: float, seed: int = 11) -> Iterator[tuple[int, int, str]]:
    """(index in SOURCES, instant in ns, line) of all sources, mixed by their shares."""
    rng = random.Random(seed)
    shares = [source.share for source in SOURCES]
    makers = [source.make for source in SOURCES]
    begin_ns, step_ns = int(begin_s * 1e9), int(step_s * 1e9)
    for number, chosen in enumerate(rng.choices(range(len(SOURCES)), shares, k=count)):
        source = 0 if number % (RARE_EACH // 4) == 0 else chosen  # rare lines are a database's
        ns = begin_ns + number * step_ns
        yield source, ns, makers[source](rng, ns / 1e9, number)
