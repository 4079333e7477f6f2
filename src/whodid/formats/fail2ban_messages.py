"""What fail2ban says: who was found, banned, let go. Texts: fail2ban 0.8 to 1.1.

Called by fail2ban.py for its own log, and by programs.py for its lines in syslog and the journal, without the envelope.
"""

import re
from typing import Final

from whodid.formats.message_rules import LONGEST, read_by_rules, rule

_HEAD: Final = re.compile(r"(?:(fail2ban\.[\w.]+) *(?:\[(\d+)\])?: )?(?:([A-Z]+) +)?(.*)", re.DOTALL)
_IN: Final = r"\[(?P<jail>[^\]]*)\] "
_WHO: Final = r"(?P<client>[\w.:%/-]+)"
_RULES: Final = (
    rule("ban", rf"{_IN}Ban {_WHO}"),
    rule("unban", rf"{_IN}Unban {_WHO}"),
    rule("restore_ban", rf"{_IN}Restore Ban {_WHO}"),
    rule("ban_longer", rf"{_IN}Increase Ban {_WHO} .*"),
    rule("found", rf"{_IN}Found {_WHO}(?: - .*|, .*)?"),
    rule("ignored", rf"{_IN}Ignore {_WHO} .*"),
    rule("", rf"{_IN}{_WHO} already banned.*"),
    rule("", rf"{_IN}.*"),
    rule("jail_started", r"Jail '(?P<jail>[^']*)' started"),
    rule("jail_stopped", r"Jail '(?P<jail>[^']*)' stopped"),
    rule("", r"(?:Creating new jail|Jail) '(?P<jail>[^']*)'.*"),
)
FAIL2BAN_PROGRAMS: Final = frozenset({"fail2ban", "fail2ban-server"})


def is_fail2ban(program: str) -> bool:
    """fail2ban before 0.10 gives the names of its loggers as program: `fail2ban.actions`."""
    return program in FAIL2BAN_PROGRAMS or program.startswith("fail2ban.")


def read_fail2ban(message: str, out: dict[str, str]) -> bool:
    """Adds what fail2ban says to `out`."""
    head = _HEAD.fullmatch(message) if len(message) <= LONGEST else None
    if head is None:
        return False
    logger, pid, severity, text = head.groups()
    if logger:
        out["logger"] = logger
    if pid:
        out["pid"] = pid
    if severity:
        out["severity"] = severity
    read_by_rules(_RULES, text.strip(), out)
    out["message"] = text.strip()
    return True
