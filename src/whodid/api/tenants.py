"""The header X-Scope-OrgID: which tenant's lines a request reads or writes.

Rules and words: Grafana dskit's tenant package, which Loki uses. `a|b` reads the lines of both, each with the label
`__tenant_id__` (store/streams.py); nobody writes to two at once, and nobody but whodid writes its own trail.
"""

import re

from whodid.errors import WhodidError

HEADER = "x-scope-orgid"
TRAIL = "whodid"
"""The tenant of what whodid records about itself: read when asked for by name, written by no client."""
MAX_BYTES = 150
MAX_TENANTS = 100
"""Tenants that one query may name: each costs a pass over its streams."""
_UNSUPPORTED = re.compile(r"[^a-zA-Z0-9!_.*'()-]")


class BadTenant(WhodidError):
    """X-Scope-OrgID is no tenant, or not one that this request may have (HTTP 400)."""


def read_tenants(header: str, default: str) -> str:
    """The tenant to read, or several joined by `|`, sorted and each once. Raises BadTenant."""
    if not header:
        return default
    names = sorted(set(header.split("|")))
    if len(names) > MAX_TENANTS:
        raise BadTenant(f"X-Scope-OrgID names {len(names)} tenants; a query may read {MAX_TENANTS} at once")
    return "|".join(_valid(name) for name in names)


def write_tenant(header: str, default: str) -> str:
    """The tenant to write to. Raises BadTenant."""
    if not header:
        return default
    if "|" in header:
        raise BadTenant("multiple org IDs present")
    if header == TRAIL:
        raise BadTenant(f"the tenant {TRAIL!r} is the trail that whodid keeps about itself; push to another one")
    return _valid(header)


def _valid(name: str) -> str:
    if not name:
        raise BadTenant("no org id")
    wrong = _UNSUPPORTED.search(name)
    if wrong:
        raise BadTenant(f"tenant ID '{name[:MAX_BYTES]}' contains unsupported character '{wrong[0]}'")
    if len(name) > MAX_BYTES:
        raise BadTenant(f"tenant ID is too long: max {MAX_BYTES} characters")
    if name in (".", ".."):
        raise BadTenant("tenant ID is '.' or '..'")
    return name
