"""Person: a member of the team and the identities that are known to be theirs (`people:` in whodid.yml)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """One team member. Every identity list may be empty; addresses are IPs or CIDR ranges."""

    id: str
    name: str
    emails: tuple[str, ...] = ()
    github: tuple[str, ...] = ()
    db_roles: tuple[str, ...] = ()
    """PostgreSQL roles that only this person uses; never a shared role."""
    unix: tuple[str, ...] = ()
    ssh_keys: tuple[str, ...] = ()
    """Key fingerprints as sshd prints them: `SHA256:…`."""
    addresses: tuple[str, ...] = ()
