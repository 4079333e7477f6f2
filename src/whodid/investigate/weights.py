"""What each kind of evidence is worth, and how near in time it must be: data, each with its reason.

attribution.py is the only reader. The classes follow the rule that `proven` needs an identity that the database
itself checked; everything that rests on an address can be shared, borrowed or translated by a router, so it is at
most `strong`.
"""

from dataclasses import dataclass
from typing import Final

from whodid.investigate.finding import Verdict
from whodid.model.clock import SECOND


@dataclass(frozen=True, slots=True)
class Weight:
    """One kind of evidence. `disturbs`: evidence of this kind for somebody else takes away from a sure answer."""

    kind: str
    verdict: Verdict
    disturbs: bool
    says: str
    """For the report, in plain words."""
    reason: str


_ALL: Final[tuple[Weight, ...]] = (
    Weight(
        "authenticated_identity",
        "proven",
        True,
        "the database itself checked who it was",
        "PostgreSQL checked a certificate, a ticket or the kernel's word for a local user, and one person has it",
    ),
    Weight(
        "personal_role",
        "strong",
        True,
        "the account is theirs alone",
        "the role belongs to one person only; a password can still be lent, so it is not a proof",
    ),
    Weight(
        "ssh_key_same_address",
        "strong",
        True,
        "their SSH key was used from the same address",
        "the private key of one person was used from the same address at that time, and nobody else's was",
    ),
    Weight(
        "address_of_one_person",
        "strong",
        True,
        "the address is listed as theirs",
        "the address is in the list of exactly one person, and no other person's SSH key came from it at that time",
    ),
    Weight(
        "ssh_key_same_address_open",
        "likely",
        True,
        "their SSH key came from the same address, perhaps still connected",
        "the person's key came from the address earlier that day and no line says that the SSH session ended",
    ),
    Weight(
        "ssh_account_same_address",
        "likely",
        True,
        "an SSH login to their own account came from the same address",
        "an SSH login without a key, but to an account that only one person uses; passwords travel",
    ),
    Weight(
        "address_range_of_one_person",
        "likely",
        True,
        "the address lies in a range listed as theirs",
        "the address lies in a range listed for one person only; a range holds more machines than one",
    ),
    Weight(
        "address_of_several",
        "weak",
        True,
        "the address is listed for them and for others",
        "the address is listed for several persons (an office, a VPN): it names none of them alone",
    ),
    Weight(
        "ssh_key_same_address_earlier",
        "weak",
        False,
        "their SSH key came from the same address, but not at that time",
        "the person's key came from the address, but not at that time; addresses are handed on",
    ),
)

WEIGHTS: Final[dict[str, Weight]] = {weight.kind: weight for weight in _ALL}

RANK: Final[dict[Verdict, int]] = {"proven": 4, "strong": 3, "likely": 2, "weak": 1, "ambiguous": 0, "unknown": 0}

PROVING_METHODS: Final[frozenset[str]] = frozenset({"cert", "peer", "gss", "sspi"})
"""Methods that check more than a password: scram, md5, ldap and the like prove only that a secret was known."""

SSH_NEAR_NS: Final[int] = 15 * 60 * SECOND
"""An SSH session that ended, or a login that came, within this of the database session counts as the same sitting."""

SSH_LOOKBACK_NS: Final[int] = 12 * 3600 * SECOND
"""How far back SSH logins are looked for: a working day, so that a session open since the morning is seen."""

SKEW_NS: Final[int] = 2 * SECOND
"""Stamps of one second, clocks of two hosts: instants are compared as if off by this. It only widens."""

NAMES_NOBODY: Final[dict[str, str]] = {
    "[local]": "a Unix socket: everybody on the host looks the same",
    "127.0.0.0/8": "loopback: an SSH tunnel, a pooler or the application on the same host",
    "::1/128": "loopback: an SSH tunnel, a pooler or the application on the same host",
    "172.17.0.1/32": "Docker's default gateway: every client of a published port",
    "0.0.0.0/32": "no address",
}
"""Addresses that stand for whoever is behind them, with the reason."""
