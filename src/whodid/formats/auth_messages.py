"""What PAM, sudo, su, doas, login, logind, polkit and the account tools say of accounts.

Called by programs.py, the envelope taken off; sshd and the servers of mail and files have modules of their own. Texts:
Linux-PAM 1.1 to 1.7, sudo 1.8 and 1.9, util-linux, shadow, OpenDoas, systemd, polkit.
"""

# ruff: noqa: E501 – one pattern a line

import re
from typing import Final

from whodid.formats.message_rules import Rule, read_by_rules, rule, suspect

_PAM: Final = re.compile(
    r"(?:kernel: ?\[ *[\d.]+\]:? )?(?:\(pam_\w+\)|(pam_\w+)(?:\((?:([^:)\s]*):)?(\w+)\))?:|(PAM) ) ?(.*)", re.DOTALL
)
_PAM_FAILURE: Final = re.compile(
    r"(?:(?P<repeated>\d+) more )?authentication failures?;? logname=.*? tty=(?P<tty>\S*) ruser=(?P<who>.*)", re.DOTALL
)
# Who knocks may have chosen either name, and so what looks like an address.
_PAM_PLACE: Final = re.compile(r" rhost=(\S*)(?:\s+(?=user=)|\Z)")
_PAM_RULES: Final = (
    rule("session_opened", r"session opened for user (?P<account>[^\s(]+)(?:\(uid=\d+\))? by (?P<by>[^\s(]*).*"),
    rule("session_closed", r"session closed for user (?P<account>\S+)"),
    rule("password_changed", r"password changed for (?P<target>\S+)"),
    rule("account_locked", r"Consecutive login failures for user (?P<user>.*) account temporarily locked", "failed"),
    rule("auth_failed", r"user (?P<user>.*) \(\d+\) tally \d+, deny \d+", "failed"),
    rule(
        "auth_failed",
        r"access denied for user [`'\"]?(?P<user>.*?)[`'\"]? from [`'\"]?(?P<client>[^\s`'\"]+)[`'\"]?",
        "failed",
    ),
    rule("auth_failed", r"Refused user (?P<user>.*) for service \S+", "failed"),
    rule("auth_failed", r"account (?P<user>\S+) has expired.*", "failed"),
    rule("", r".*"),
)
_OWN_LINE: Final = frozenset({"sshd", "sudo", "sudo-i", "su", "su-l", "login", "polkit-1"})
"""Services that tell a failure in a line of their own too: PAM's line is not counted beside it."""
_BECOMES: Final = frozenset({"sudo", "sudo-i", "su", "su-l", "runuser", "runuser-l", "doas", "polkit-1"})
"""Services by which one account becomes another."""

_SUDO: Final = (
    rule("", r"\s*(?P<user>\S+) : \(command continued\) (?P<command>.*)"),
    rule(
        "sudo",
        r"\s*(?P<user>\S+) : (?:(?P<reason>[^;=]+) ; )?(?:HOST=\S* ; )?(?:TTY=(?P<tty>\S*) ; )?"
        r"(?:CHROOT=\S* ; )?PWD=(?P<pwd>.*?) ; (?:USER=(?P<target>\S*) ;)?"
        r"(?: ?GROUP=(?P<group>\S*) ;)?(?: TSID=\S* ;)?(?: ENV=.*? ;)? COMMAND=(?P<command>.*)",
    ),
    rule("sudo", r"\s*(?P<user>\S+) : (?P<reason>user NOT in sudoers|.*incorrect password attempts?|a password is required)"
         r"(?: ; .*)?"),
    rule("", r"\s*\S+ : .*|(?:unable to|timestamp|parse error|.*sudoers).*"),
)  # fmt: skip
_SU: Final = (
    rule("su_failed", r"\W*'su (?P<target>\S+)' failed for (?P<user>\S+) on (?P<tty>\S+)", "failed"),
    rule("su", r"\(to (?P<target>\S+)\) (?P<user>\S+) on (?P<tty>\S+)", "completed"),
    rule("su", r"Successful su for (?P<target>\S+) by (?P<user>\S+)", "completed"),
    rule("su", r"(?P<user>\S+) to (?P<target>\S+) on (?P<tty>\S+)", "completed"),
    rule("su_failed", r"FAILED SU \(to (?P<target>\S+)\) (?P<user>\S+) on (?P<tty>\S+)", "failed"),
    rule("su_failed", r"FAILED su for (?P<target>\S+) by (?P<user>\S+)", "failed"),
    rule("su_failed", r"BAD SU (?P<user>\S+) to (?P<target>\S+) on (?P<tty>\S+)", "failed"),
    rule("", r"[+-] \S+ \S+"),
    rule("", r"pam_\w+: .*|No passwd entry for user .*"),
)
_DOAS: Final = (
    rule("sudo", r"(?P<user>\S+) ran command (?P<command>.*) as (?P<target>\S+) from (?P<pwd>.*)", "completed"),
    rule("sudo", r"(?:command not permitted|failed command) for (?P<user>\S+): (?P<command>.*)", "failed"),
    rule("auth_failed", r"failed auth for (?P<user>\S+)", "failed"),
)
_PKEXEC: Final = (
    rule(
        "sudo",
        r"(?P<user>\S+): Executing command \[USER=(?P<target>[^\]]*)\] \[TTY=(?P<tty>[^\]]*)\] \[CWD=(?P<pwd>.*)\] "
        r"\[COMMAND=(?P<command>.*)\]",
        "completed",
    ),
    rule(
        "sudo",
        r"(?P<user>\S+): (?P<reason>.*) \[USER=(?P<target>[^\]]*)\] \[TTY=(?P<tty>[^\]]*)\] \[CWD=(?P<pwd>.*)\] "
        r"\[COMMAND=(?P<command>.*)\]",
        "failed",
    ),
)
_POLKIT: Final = (
    rule(
        "authorized",
        r"Operator of \S+ successfully authenticated as unix-user:(?P<target>\S+) to gain \w+ authorization for action "
        r"(?P<action>\S+) for \S+ \[(?P<command>.*)\] \(owned by unix-user:(?P<user>[^)]*)\)",
        "completed",
    ),
    rule(
        "authorized",
        r"Operator of \S+ FAILED to authenticate to gain authorization for action (?P<action>\S+) for \S+ "
        r"\[(?P<command>.*)\] \(owned by unix-user:(?P<user>[^)]*)\)",
        "failed",
    ),
    rule("", r".*"),
)
_ACCOUNTS: Final = (
    rule("user_added", r"new user: name=(?P<target>[^,]+),.*"),
    rule("user_added", r"failed adding user '(?P<target>[^']+)'.*", "failed"),
    rule("group_added", r"new group: name=(?P<target>[^,]+),.*"),
    rule("", r"group added to \S+: name=.*"),  # one line per file; `new group` is the one that counts
    rule("user_removed", r"delete user '(?P<target>[^']+)'.*"),
    rule("group_removed", r"removed group '(?P<target>[^']+)'.*|group '(?P<group>[^']+)' removed"),
    rule("", r"removed shadow group .*|group '[^']+' removed from .*|group changed in .*"),
    rule("user_changed", r"(?:add|delete) '(?P<target>[^']+)' (?:to|from) group '(?P<group>[^']+)'.*"),
    rule("", r"(?:add|delete) '[^']+' (?:to|from) shadow group '.*"),
    rule("password_changed", r"change user '(?P<target>[^']+)' password.*"),
    rule("user_changed", r"(?:change|changed|lock|unlock) user (?:name )?'(?P<target>[^']+)'.*"),
    rule("user_changed", r"changed password expiry for (?P<target>\S+).*"),
    rule("user_changed", r"user (?P<target>\S+) (?:added|removed) by (?P<user>\S+) (?:to|from) group (?P<group>\S+)"),
    rule("user_changed", r"(?:members|administrators) of group (?P<group>\S+) set by (?P<user>\S+) to (?P<target>.*)"),
    rule("password_changed", r"change the password of group (?P<group>\S+) by (?P<user>\S+)"),
    rule("password_changed", r"password for '(?P<target>[^']+)' changed by '(?P<user>[^']+)'"),
    rule("password_changed", r"(?:changed password|password) (?:for|changed for) '?(?P<target>[^\s']+)'?.*"),
    rule("", r".*"),
)
_LOGIND: Final = (
    rule("session_opened", r"New session '?[^\s']+'? of user '?(?P<user>[^.\s']+)'?\b.*"),
    rule("session_closed", r"Removed session .*"),
    rule("reboot", r"(?:The system|System) (?:will reboot|is rebooting).*"),
    rule("shutdown", r"(?:The system|System) (?:will power off|is powering (?:down|off)|is halting).*"),
    rule("", r".*"),
)
_LOGIN: Final = (
    rule(
        "login_failed",
        r"(?:FAILED LOGIN(?: SESSION)?|TOO MANY LOGIN TRIES)(?: \(?\d+\)?)?(?: (?:on|from|FROM) '?(?P<from>[^'\s]+)'?)?"
        r"(?: from '(?P<client>[^']*)')? FOR '?(?P<user>.*?)'?, (?P<reason>[^,]+)",
        "failed",
    ),
    rule("login", r"LOGIN ON (?P<tty>\S+) BY (?P<user>\S+)(?: FROM (?P<client>\S+))?", "completed"),
    rule("login", r"(?P<root>ROOT) LOGIN +(?:ON|on) '?(?P<tty>[^'\s]+)'?(?: (?:FROM|from) '?(?P<client>[^'\s]+)'?)?", "completed"),
    rule("login", r"DIALUP AT (?P<tty>\S+) BY (?P<user>\S+)", "completed"),
    rule("", r".*"),
)  # fmt: skip
_SFTP: Final = (
    rule("session_opened", r"session opened for local user (?P<user>.*) from \[(?P<client>[^\]]+)\].*"),
    rule("session_closed", r"session closed for local user (?P<user>.*) from \[(?P<client>[^\]]+)\].*"),
    rule("", r".*"),
)
_BY_PROGRAM: Final[dict[str, tuple[Rule, ...]]] = {
    "sudo": _SUDO,
    "su": _SU,
    "doas": _DOAS,
    "pkexec": _PKEXEC,
    "polkitd": _POLKIT,
    **dict.fromkeys(
        ("useradd", "userdel", "usermod", "groupadd", "groupdel", "groupmod", "gpasswd", "passwd", "chpasswd", "chage",
         "chsh", "chfn", "newusers"),
        _ACCOUNTS,
    ),
    "systemd-logind": _LOGIND,
    "login": _LOGIN,
    **dict.fromkeys(("internal-sftp", "sftp-server"), _SFTP),
}  # fmt: skip
AUTH_PROGRAMS: Final = frozenset(_BY_PROGRAM)
_ODD_COMMAND: Final = re.compile(r" ; (?:TTY|PWD|USER|COMMAND)=")


def read_pam(service: str, message: str, out: dict[str, str]) -> bool:
    """Adds what a PAM module says, whichever program it says it in; False if it is no PAM module that speaks."""
    match = _PAM.fullmatch(message)
    if match is None:
        return False
    return _read_pam_text(match.group(2) or service, match.group(5), out)


def _read_pam_text(service: str, text: str, out: dict[str, str]) -> bool:
    failure = _PAM_FAILURE.fullmatch(text)
    if failure is not None and _pam_failure(service, failure, out):
        return True
    found: dict[str, str] = {}
    read_by_rules(_PAM_RULES, text, found)
    account, by = found.pop("account", ""), found.pop("by", "")
    if account and service in _BECOMES:
        found["target"] = account
        if by:
            found["user"] = by
    elif account:
        found["user"] = account
    out.update(found)
    return True


def _pam_failure(service: str, failure: re.Match[str], out: dict[str, str]) -> bool:
    found = {name: value for name, value in failure.groupdict().items() if value}
    who = found.pop("who", "").rstrip().removesuffix(" [preauth]").rstrip()
    places = list(_PAM_PLACE.finditer(who))
    if not places:
        return False
    # The name of somebody unknown stands in `ruser` only, so the last address is PAM's own; but none can be in an
    # empty one.
    place = places[0] if places[0].start() == 0 else places[-1]
    if len(places) > 1:
        suspect(out, "a name imitates the rest of the line: it can be read in several ways")
    account, ruser = who[place.end() :].removeprefix("user="), who[: place.start()]
    if place.group(1):
        found["client"] = place.group(1)
    if service in ("su", "su-l") and ruser:
        found["user"] = ruser
        if account:
            found["target"] = account
    elif account or ruser:
        found["user"] = account or ruser
    if service == "sshd" or found.get("tty") == "ssh":
        found.pop("tty", None)
    out.update(operation="auth_failed" if service in _OWN_LINE else "login_failed", outcome="failed", **found)
    return True


def read_account_message(program: str, message: str, out: dict[str, str]) -> bool:
    """Adds what one of AUTH_PROGRAMS says to `out`."""
    if not read_by_rules(_BY_PROGRAM[program], message, out):
        return False
    if out.get("operation") == "sudo" and "outcome" not in out:
        out["outcome"] = "failed" if "reason" in out else "completed"
    if out.pop("root", ""):
        out["user"] = "root"
    came = out.pop("from", "")
    if came:
        out.setdefault("tty" if came.startswith(("/dev/", "tty", "pts")) else "client", came)
    if "group" in out and "target" not in out and out.get("operation") == "group_removed":
        out["target"] = out.pop("group")
    if _ODD_COMMAND.search(out.get("command", "")):
        suspect(out, "a directory or a command imitates the fields of sudo's line")
    return True
