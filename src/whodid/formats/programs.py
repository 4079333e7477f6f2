"""What the programs of a host say: a message goes to the reader of the program that wrote it.

Called by what takes an envelope off: syslog.py, journal.py, and receivers. A program without a reader keeps its message
as it is, which is understood; a program with one that says something new is not, and is counted.
"""

import re
from collections.abc import Mapping
from typing import Final

from whodid.formats.audit_messages import read_audit
from whodid.formats.auth_messages import AUTH_PROGRAMS, read_account_message, read_pam
from whodid.formats.backup_messages import is_backup, read_backup
from whodid.formats.cron_messages import CRON_PROGRAMS, read_cron_message
from whodid.formats.fail2ban_messages import is_fail2ban, read_fail2ban
from whodid.formats.kernel_messages import read_kernel
from whodid.formats.message_rules import LONGEST, Reader
from whodid.formats.server_messages import read_server_message, server_rules
from whodid.formats.sshd_messages import Sshd

SSHD: Final = frozenset({"sshd", "sshd-session", "sshd-auth"})
_KERNEL_HEAD: Final = re.compile(r"kernel: ?\[ *[\d.]+\]:? ")
_REPEATED: Final = re.compile(r"message repeated (\d+) times: \[ ?(.*)\]", re.DOTALL)


class Programs:
    """The readers of one log. It remembers what sshd's processes said before."""

    __slots__ = ("_more", "_sshd")

    def __init__(self, more: Mapping[str, Reader] | None = None) -> None:
        """`more`: readers of programs that this module does not know, by the program's name."""
        self._more = dict(more or {})
        self._sshd = Sshd()

    def add(self, program: str, reader: Reader) -> None:
        """From now on `reader` reads what that program says."""
        self._more[program] = reader

    def read(self, program: str, pid: str, message: str, ns: int | None, out: dict[str, str], host: str = "") -> bool:
        """Adds what `message` says to `out`, and `message` itself; False if the program said something new."""
        if len(message) > LONGEST:
            out["message"] = message
            return False
        repeated = _REPEATED.fullmatch(message)
        if repeated is not None:
            out["repeated"], message = repeated.groups()
        understood = self._read(program, f"{host} {pid}" if pid else "", message, ns, out)
        out.setdefault("message", message)
        if not out["message"]:
            del out["message"]
        return understood

    def _read(self, program: str, process: str, message: str, ns: int | None, out: dict[str, str]) -> bool:
        name, _, module = program.partition("(")  # `sshd(pam_unix)` is PAM speaking
        if module.startswith("pam_"):
            message = f"({module} {message}"
            out["program"] = name
        name = name or program
        if name in self._more:
            return self._more[name](message, out)
        if name == "kernel":
            return read_kernel(message, out)
        if name in SSHD:
            head = _KERNEL_HEAD.match(message)
            return self._sshd.read(process, message[head.end() :] if head else message, ns, out)
        if read_pam(name, message, out):
            return True
        if name in AUTH_PROGRAMS:
            return read_account_message(name, message, out)
        if name in CRON_PROGRAMS:
            return read_cron_message(name, message, out)
        if is_fail2ban(name):
            return read_fail2ban(message, out)
        if name == "audit" and read_audit(message, out) is not None:
            return True
        if (rules := server_rules(name)) is not None:
            read_server_message(rules, name, message, out)
        elif is_backup(name):
            read_backup(name, message, out)
        return True
