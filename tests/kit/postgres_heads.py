"""Heads of PostgreSQL's text log in short: `{20:3 anna shop 10.0.0.1}` of forgeries.yaml, written out."""

import re

PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
_HEAD = re.compile(r"\{(\d+):(\d+|-)(?: (\S+) (\S+) (\S+))?\}( LOG:  connection received: host=(\S+))?")


def written(text: str, prefix: str) -> str:
    """The log, each `{pid:number user db client}` turned into a head as the server writes it."""

    def head(found: re.Match[str]) -> str:
        pid, number, user, db, client, rest, host = found.groups()
        names = (user, db, "psql", client) if user else ("[unknown]",) * 3 + (host,) if host else ("",) * 4
        values = dict(zip("udah", names, strict=True)) | {"p": pid, "l": number, "q": ""}
        values |= {"t": "2026-11-23 06:32:35 UTC", "m": "2026-11-23 06:32:35.000 UTC"}
        return re.sub("%([a-z])", lambda escape: values[escape[1]], prefix).removesuffix(" ") + (rest or "")

    return _HEAD.sub(head, text)
