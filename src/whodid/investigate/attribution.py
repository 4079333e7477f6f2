"""Who stands behind a session: the people it could be, each with evidence, and a verdict that never says more than
that.

Pure. The kinds of evidence and their worth are in weights.py; here is only how they are gathered and weighed against
each other: one candidate gives a verdict, two that compete give `ambiguous` with both as alternatives and no name,
and what a forged line says is never more than `weak`.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from whodid.investigate.finding import Alternative, Attribution, Evidence, Verdict
from whodid.investigate.logins import Login
from whodid.investigate.sessions import Session
from whodid.investigate.weights import (
    NAMES_NOBODY,
    PROVING_METHODS,
    RANK,
    SKEW_NS,
    SSH_LOOKBACK_NS,
    SSH_NEAR_NS,
    WEIGHTS,
)
from whodid.model.person import Person

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(slots=True)
class _Candidate:
    """Somebody it could be, with the evidence so far. `id` None: the unknown holder of a key."""

    id: str | None
    name: str
    because: list[Evidence] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        return max((WEIGHTS[evidence.kind].verdict for evidence in self.because), key=RANK.__getitem__)

    @property
    def disturbs(self) -> bool:
        return any(WEIGHTS[evidence.kind].disturbs for evidence in self.because)

    def alternative(self) -> Alternative:
        return Alternative(self.id, self.name, tuple(self.because))


class _Candidates:
    """All of them, by identity."""

    def __init__(self) -> None:
        self._all: dict[str, _Candidate] = {}

    def add(self, person: Person, evidence: Evidence) -> None:
        candidate = self._all.setdefault(person.id, _Candidate(person.id, person.name))
        if evidence not in candidate.because:
            candidate.because.append(evidence)

    def add_stranger(self, login: Login, evidence: Evidence) -> None:
        """A login that names nobody: it does not make anybody guilty, but it makes the address less than exclusive."""
        name = f"unknown holder of {login.key}" if login.key else f"unknown user of the account {login.account}"
        candidate = self._all.setdefault(f"?{name}", _Candidate(None, name))
        candidate.because.append(evidence)

    def people(self) -> list[_Candidate]:
        """The known ones, best first; names decide between equals so that the answer is the same every time."""
        known = [candidate for candidate in self._all.values() if candidate.id is not None]
        return sorted(known, key=lambda candidate: (-RANK[candidate.verdict], candidate.id))

    def strangers(self) -> list[_Candidate]:
        return [candidate for candidate in self._all.values() if candidate.id is None]


def attribute(
    session: Session, at_ns: int, logins: Sequence[Login], people: Sequence[Person], *, suspect: bool = False
) -> Attribution:
    """The person behind what `session` did at `at_ns`. `suspect`: the statement's own line could have been forged."""
    candidates = _Candidates()
    _add_identity(candidates, session, at_ns, people)
    address = parse_address(session.client)
    if address is not None and names_nobody(session.client) is None:
        _add_listed(candidates, address, session, at_ns, people)
        for login in logins:
            if parse_address(login.client) == address:
                _add_login(candidates, login, session, at_ns, people)
    verdict = _weigh(candidates)
    return _never_sure(verdict) if suspect else verdict


@lru_cache(maxsize=4096)
def names_nobody(client: str) -> str | None:
    """Why this address stands for nobody in particular; None if it may name somebody."""
    if client in NAMES_NOBODY:
        return NAMES_NOBODY[client]
    address = parse_address(client)
    for listed, reason in NAMES_NOBODY.items():
        if address is not None and _in_range(address, listed):
            return reason
    return None


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """The address, with IPv4 written as IPv6 (`::ffff:10.0.0.1`) made plain; None for anything else."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _add_identity(candidates: _Candidates, session: Session, at_ns: int, people: Sequence[Person]) -> None:
    """What the server itself authenticated, and roles that are one person's own."""
    opened_ns, said = _opening(session, at_ns)
    if session.identity and session.method in PROVING_METHODS:
        owners = [person for person in people if session.identity in _identities(person)]
        if len(owners) == 1:
            line = f'connection authenticated: identity="{session.identity}" method={session.method}'
            candidates.add(owners[0], Evidence("authenticated_identity", opened_ns, line))
    owners = [person for person in people if session.account and session.account in person.db_roles]
    if len(owners) == 1:
        candidates.add(owners[0], Evidence("personal_role", opened_ns, said or f"role {session.account}"))


def _identities(person: Person) -> tuple[str, ...]:
    """What a certificate, a ticket or the kernel may call a person. No database roles: those are shared."""
    return (person.id, person.name, *person.emails, *person.unix, *(f"CN={name}" for name in (person.id, person.name)))


def _add_listed(
    candidates: _Candidates, address: Address, session: Session, at_ns: int, people: Sequence[Person]
) -> None:
    """People whose list of addresses holds this one."""
    exact = [person for person in people if any(parse_address(listed) == address for listed in person.addresses)]
    ranged = [person for person in people if any(_in_range(address, listed) for listed in person.addresses)]
    holders = exact or ranged
    kind = "address_of_several"
    if len(holders) == 1:
        kind = "address_of_one_person" if exact else "address_range_of_one_person"
    opened_ns, said = _opening(session, at_ns)
    for person in holders:
        candidates.add(person, Evidence(kind, opened_ns, said or f"client {address}"))


def _in_range(address: Address, listed: str) -> bool:
    network = _network(listed)
    return network is not None and address in network


@lru_cache(maxsize=4096)
def _network(listed: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(listed, strict=False)
    except ValueError:
        return None


def _add_login(candidates: _Candidates, login: Login, session: Session, at_ns: int, people: Sequence[Person]) -> None:
    """One SSH login from the address of the session."""
    near = _is_near(login, session, at_ns)
    # Later logins than that, and those of another day, say nothing about this sitting.
    if not near and not (at_ns - SSH_LOOKBACK_NS <= login.ns <= at_ns):
        return
    owners = _owners(login, people)
    kind = "ssh_account_same_address"
    if login.key:
        farther = "ssh_key_same_address_open" if login.end_ns is None else "ssh_key_same_address_earlier"
        kind = "ssh_key_same_address" if near else farther
    elif not near:
        return
    for person in owners:
        candidates.add(person, Evidence(kind, login.ns, login.line))
    if near and not owners:
        candidates.add_stranger(login, Evidence(kind, login.ns, login.line))


def _owners(login: Login, people: Sequence[Person]) -> list[Person]:
    """Everybody whose key it was; without a key, the one person who has the account to themselves."""
    if login.key:
        return [person for person in people if login.key in person.ssh_keys]
    owners = [person for person in people if login.account and login.account in person.unix]
    return owners if len(owners) == 1 else []


def _is_near(login: Login, session: Session, at_ns: int) -> bool:
    """Whether the SSH session and the database session up to the statement overlap, or nearly do."""
    begun_ns = min(session.start_ns if session.start_ns is not None else at_ns, at_ns)
    ended_ns = login.ns if login.end_ns is None else login.end_ns
    slack_ns = SSH_NEAR_NS + SKEW_NS
    return login.ns <= at_ns + slack_ns and ended_ns >= begun_ns - slack_ns


def _weigh(candidates: _Candidates) -> Attribution:
    people, strangers = candidates.people(), candidates.strangers()
    if not people:
        return Attribution(None, None, "unknown", (), tuple(stranger.alternative() for stranger in strangers))
    best, others = people[0], people[1:]
    verdict = best.verdict
    if verdict != "proven" and any(_competes(other, best) for other in others):
        alternatives = tuple(candidate.alternative() for candidate in [*people, *strangers])
        return Attribution(None, None, "ambiguous", (), alternatives)
    if verdict == "strong" and (strangers or any(other.disturbs for other in others)):
        verdict = "likely"  # the address was not this person's alone
    alternatives = tuple(candidate.alternative() for candidate in [*others, *strangers])
    return Attribution(best.id, best.name, verdict, tuple(best.because), alternatives)


def _competes(other: _Candidate, best: _Candidate) -> bool:
    """Strong against likely is no decision; strong or likely against weak is. Two of the same class never are."""
    return RANK[other.verdict] >= RANK["likely"] or RANK[other.verdict] == RANK[best.verdict]


def _never_sure(attribution: Attribution) -> Attribution:
    if RANK[attribution.verdict] <= RANK["weak"]:
        return attribution
    return Attribution(attribution.id, attribution.name, "weak", attribution.because, attribution.alternatives)


def _opening(session: Session, at_ns: int) -> tuple[int, str]:
    """When the session was opened and the line that says so; the statement's instant where that was not seen."""
    if session.opening is None:
        return at_ns, ""
    return session.opening.ns, session.opening.message or session.opening.row.line
