"""Log lines for measuring: what four busy sources write, seeded, fast to make. Pure functions of their arguments."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

LineMaker = Callable[[random.Random, float, int], str]
"""Makes a line from a source of chance, its instant and its number."""
PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
STREAMS = (
    {"job": "database", "host": "bench"},
    {"job": "nginx", "host": "bench"},
    {"job": "backend", "host": "bench"},
    {"job": "auth", "host": "bench"},
)
SHARES = (50, 30, 17, 3)
_ROLES = ("shop_app", "reporting", "shop_admin", "postgres")
_APPS = ("psql", "shop-api", "DBeaver", "celery")
_TABLES = ("customer", "orders", "invoice", "stock", "User")
_PATHS = ("/api/orders", "/api/stock", "/login", "/static/main.css", "/health")


def _address(rng: random.Random) -> str:
    return f"10.1.{rng.randint(0, 3)}.{rng.randint(1, 254)}"


def _record(rng: random.Random, seconds: float, pid: int, line_no: int, who: str) -> str:
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    table = rng.choice(_TABLES)
    text = rng.choices(
        (
            f'LOG:  statement: SELECT id, name, updated_at FROM "{table}" WHERE id = {rng.randint(1, 10**6)} LIMIT 20;',
            f"LOG:  duration: {rng.expovariate(1 / 6):.3f} ms",
            f"LOG:  statement: UPDATE \"{table}\" SET state = 'paid' WHERE id = {rng.randint(1, 10**6)};",
            f'LOG:  statement: DELETE FROM "{table}" WHERE id = {rng.randint(1, 10**6)};',
            f'ERROR:  duplicate key value violates unique constraint "{table}_pkey"',
        ),
        (44, 44, 8, 3, 1),
    )[0]
    return f"{stamp} [{pid}]: [{line_no}-1] {who} {text}"


def _who(rng: random.Random) -> str:
    return f"user={rng.choice(_ROLES)},db=shop,app={rng.choice(_APPS)},client={_address(rng)}"


def database(rng: random.Random, seconds: float, number: int) -> str:
    """One record of PostgreSQL's stderr log, every one with another head: harder than any server makes it."""
    who = _who(rng)
    return _record(rng, seconds, rng.randint(2000, 2400), number % 9000 + 1, who)


def sessions(rng: random.Random, seconds: float, number: int) -> str:
    """The same as a server writes it: 400 sessions, each with its own names and its lines numbered."""
    pid = 3000 + number % 400
    return _record(rng, seconds, pid, number // 400 + 1, _who(random.Random(pid)))


def web(rng: random.Random, seconds: float, number: int) -> str:
    """One line of nginx' combined access log."""
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    status = rng.choices((200, 201, 304, 404, 500, 502), (70, 5, 12, 10, 2, 1))[0]
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    path = f"{rng.choice(_PATHS)}/{rng.randint(1, 99_999)}"
    return f'{_address(rng)} - - [{stamp}] "GET {path} HTTP/1.1" {status} {rng.randint(90, 60_000)} "-" "{agent}"'


def backend(rng: random.Random, seconds: float, number: int) -> str:
    """One JSON line of an application."""
    level = rng.choices(("INFO", "DEBUG", "WARNING", "ERROR"), (75, 15, 6, 4))[0]
    fields = {
        "level": level,
        "msg": "request done",
        "path": rng.choice(_PATHS),
        "status": 200,
        "took_ms": rng.randint(1, 900),
    }
    return json.dumps({**fields, "request_id": f"{rng.getrandbits(64):016x}"})


def auth(rng: random.Random, seconds: float, number: int) -> str:
    """One line of sshd in auth.log."""
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%b %d %H:%M:%S")
    return (
        f"{stamp} bench sshd[{rng.randint(500, 9999)}]: Failed password for root from {_address(rng)} port 40022 ssh2"
    )


MAKERS = (database, web, backend, auth)


def mixed(count: int, begin_s: float, step_s: float, seed: int = 11) -> Iterator[tuple[int, int, str]]:
    """(index of the stream, instant in ns, line) of all four sources, mixed by SHARES."""
    rng = random.Random(seed)
    for number, stream in enumerate(rng.choices(range(4), SHARES, k=count)):
        seconds = begin_s + number * step_s
        yield stream, int(seconds * 1e9), MAKERS[stream](rng, seconds, number)
