"""`whodid who`: from an interval of time to findings, asking the log as little as possible.

`find` is called by the server with a `fetch` that runs LogQL. It asks at most 12 queries for up to 500 processes and
250 addresses (each further 500 processes cost 9, each 250 addresses 1): the candidates; per stretch of time around them
(at most 8) all rows of their sessions; the openings, ends and transaction control farther away; crashes; SSH logins
from their addresses. Findings come in the order in which they happened, as a story is read.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from whodid.errors import WhodidError
from whodid.investigate import queries
from whodid.investigate.attribution import attribute, names_nobody, parse_address
from whodid.investigate.danger import may_be_dangerous
from whodid.investigate.duplicates import without_duplicates
from whodid.investigate.event import Event, read
from whodid.investigate.finding import Finding
from whodid.investigate.logins import Login, rebuild_logins
from whodid.investigate.outcome import judge
from whodid.investigate.sessions import Session, end_at_crash, rebuild
from whodid.investigate.transaction import Item
from whodid.investigate.weights import SKEW_NS, SSH_LOOKBACK_NS, SSH_NEAR_NS
from whodid.model.person import Person
from whodid.model.result import Row

Fetch = Callable[[str, int, int], Awaitable[list[Row]]]
"""(LogQL log query, start in ns, end in ns) → every matching row of [start, end), forward in time."""

MAX_CANDIDATES: Final = 20_000


class TooManyStatementsError(WhodidError):
    """More dangerous statements than can be examined at once. Never cut silently: what is left out could be the one."""


async def find(
    fetch: Fetch, people: tuple[Person, ...], start_ns: int, end_ns: int, words: Sequence[str] = ()
) -> list[Finding]:
    """The dangerous statements of [start_ns, end_ns), oldest first, each with its outcome and the person behind it.

    `words` narrow the answer: each must occur, in any case, in the operation, object, account, person, client,
    statement or database.
    """
    wanted = [word.lower() for word in words]
    rows = await fetch(queries.candidates(), start_ns, end_ns)
    # What computes runs beside the event loop: ten thousands of rows take seconds, and tails must not wait for them.
    candidates = await asyncio.to_thread(_narrowed, rows, people, wanted)
    if not candidates:
        return []
    if len(candidates) > MAX_CANDIDATES:
        raise TooManyStatementsError(
            f"{len(candidates)} dangerous statements in this time, at most {MAX_CANDIDATES} can be examined: "
            "narrow it with --since and --until, or name an operation or a table"
        )
    story, crashed = await _story(fetch, candidates)
    judged = await asyncio.to_thread(_examined, story, crashed, start_ns, end_ns)
    logins = await _logins(fetch, judged)
    return await asyncio.to_thread(_findings, judged, logins, people, wanted)


async def has_deeds(fetch: Fetch, start_ns: int, end_ns: int) -> bool:
    """Whether a database's log says of anything in [start_ns, end_ns) that it was done: without such lines, that
    nothing was found means nothing. One row is enough, so `fetch` may stop there."""
    return bool(await fetch(queries.deeds(), start_ns, end_ns))


def _narrowed(rows: Iterable[Row], people: Iterable[Person], words: Sequence[str]) -> list[Event]:
    """The rows whose SQL really is dangerous and has the words; a word that may mean a person is left for later."""
    told = [word for word in words if not any(word in f"{person.id}\n{person.name}".lower() for person in people)]
    events = (read(row) for row in rows)
    return [
        event
        for event in events
        if event.kind in ("statement", "error")
        and event.text
        and may_be_dangerous(event.text)
        and all(word in _haystack(event) for word in told)
    ]


def _haystack(event: Event) -> str:
    metadata = event.row.metadata
    named = (metadata.get(name, "") for name in ("operation", "table", "user", "client", "db"))
    return "\n".join((event.text, *named)).lower()


async def _story(fetch: Fetch, candidates: Sequence[Event]) -> tuple[list[Row], list[Row]]:
    """Every row that decides about the candidates' sessions, and the server's lines about crashes."""
    rows = [event.row for event in candidates]
    jobs, hosts = {row.labels.get("job", "") for row in rows}, {row.labels.get("host", "") for row in rows}
    spans = queries.windows(row.ns for row in rows)
    first_ns, last_ns = spans[0][0] - queries.FRAME_BEFORE_NS, spans[-1][1] + queries.FRAME_AFTER_NS
    pids = queries.chunks(pid for row in rows if (pid := row.metadata.get("pid", "")).isdigit())
    asked = [fetch(queries.near(jobs, hosts, chunk), start, end) for chunk in pids for start, end in spans]
    framed = [fetch(queries.frame(jobs, hosts, chunk), first_ns, last_ns) for chunk in pids]
    crashed, *answers = await asyncio.gather(fetch(queries.crashes(jobs, hosts), spans[0][0], last_ns), *asked, *framed)
    story = [row for answer in answers[: len(asked)] for row in answer]
    far = (row for answer in answers[len(asked) :] for row in answer)
    # Inside the stretches everything is there already.
    story += [row for row in far if not any(start <= row.ns < end for start, end in spans)]
    story += [row for row in rows if not row.metadata.get("pid", "").isdigit()]
    return story, crashed


def _examined(story: Sequence[Row], crashed: Sequence[Row], start_ns: int, end_ns: int) -> list[tuple[Session, Item]]:
    """The dangerous statements of the interval with their outcomes, in order, each with its session."""
    sessions = rebuild(story)
    end_at_crash(sessions, _crashes(crashed))
    judged = [(session, item) for session in sessions for item in _judged(session, start_ns, end_ns)]
    return sorted(judged, key=lambda pair: (pair[1].event.ns, pair[1].event.row.seq))


def _findings(
    judged: Sequence[tuple[Session, Item]], logins: Sequence[Login], people: Sequence[Person], words: Sequence[str]
) -> list[Finding]:
    by_address: dict[object, list[Login]] = defaultdict(list)
    for login in logins:
        by_address[parse_address(login.client)].append(login)
    findings = [
        (session, _finding(session, item, by_address.get(parse_address(session.client), ()), people))
        for session, item in judged
    ]
    return [finding for finding in without_duplicates(findings) if all(_mentions(finding, word) for word in words)]


def _crashes(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """Host and instant of each crash that the server itself reports, not a client that only says the words."""
    own = ("server process (PID ", "database system was interrupted")
    events = (read(row) for row in rows)
    return [
        (event.row.labels.get("host", ""), event.ns)
        for event in events
        if event.kind == "other" and not event.suspect and event.message.startswith(own)
    ]


def _judged(session: Session, start_ns: int, end_ns: int) -> list[Item]:
    """The findings of a session: trusted lines by trusted witnesses, suspect lines by what they themselves claim."""
    items = judge(session)
    if any(event.suspect for event in session.events):
        items = items + [item for item in judge(session, believe_suspect=True) if item.event.suspect]
    return [item for item in items if start_ns <= item.event.ns < end_ns]


async def _logins(fetch: Fetch, judged: Sequence[tuple[Session, Item]]) -> list[Login]:
    """SSH logins that could name somebody: from the addresses of the sessions, near them in time."""
    named = [
        (session, item)
        for session, item in judged
        if parse_address(session.client) and not names_nobody(session.client)
    ]
    if not named:
        return []
    first_ns = min(min(item.event.ns, session.start_ns or item.event.ns) for session, item in named)
    last_ns = max(item.event.ns for _, item in named)
    start_ns, end_ns = first_ns - SSH_LOOKBACK_NS - SKEW_NS, last_ns + SSH_NEAR_NS + SKEW_NS + 1
    plain = {str(parse_address(session.client)) for session, _ in named}
    spellings = plain | {f"::ffff:{address}" for address in plain if "." in address}
    answers = await asyncio.gather(
        *(fetch(queries.ssh(chunk), start_ns, end_ns) for chunk in queries.chunks(spellings))
    )
    return rebuild_logins(row for answer in answers for row in answer)


def _finding(session: Session, item: Item, logins: Sequence[Login], people: Sequence[Person]) -> Finding:
    event, metadata = item.event, item.event.row.metadata
    suspect = bool(event.suspect)
    return Finding(
        at_ns=event.ns,
        operation=item.statement.operation,
        object=", ".join(item.statement.objects),
        statement=event.text.strip() if item.alone else item.statement.text,
        outcome=item.outcome,
        outcome_why=item.why,
        account=metadata.get("user", "") or session.account,
        client=(metadata.get("client", "") if suspect else session.client) or metadata.get("client", ""),
        app=metadata.get("app", ""),
        database=metadata.get("db", "") or session.database,
        session=session.id,
        trust="suspect" if suspect else "ok",
        why=event.suspect,
        person=attribute(session, event.ns, logins, people, suspect=suspect),
    )


def _mentions(finding: Finding, word: str) -> bool:
    person = finding.person
    names = [person.id or "", person.name or ""]
    names += [name for other in person.alternatives for name in (other.id or "", other.name)]
    fields = (finding.operation, finding.object, finding.account, finding.client, finding.statement, finding.database)
    return any(word in field.lower() for field in (*fields, *names))
