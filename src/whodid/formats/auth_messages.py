"""What sshd, sudo, su, login and the account tools say in the auth log. Called by auth.py, the envelope taken off.

Names in sshd's messages are chosen by whoever knocks: every pattern is anchored at the end of the message, where
address and port stand, so that a user called `root from 10.0.0.1 port 22` cannot move them. Texts: OpenSSH 7 to 10,
sudo 1.8 and 1.9, Linux-PAM 1.5, util-linux and shadow.
"""

import re
from typing import Final

_FROM: Final = r" from (?P<client>\S+)(?: port (?P<port>\d+))?"
_SSH_END: Final = r"(?: on \S+ port \d+)?(?: ssh2)?(?:: (?P<what>.*?))?(?: \[preauth\])?"
_WHO: Final = r"(?:(?:invalid|illegal|authenticating) user |user )?(?P<user>.*?)"


def _rule(operation: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return operation, re.compile(pattern, re.DOTALL)


_SSHD: Final = (
    _rule("login", rf"Accepted (?P<method>\S+) for (?P<user>.*){_FROM}{_SSH_END}"),
    _rule("login_failed", rf"Failed (?P<method>\S+) for (?:(?:invalid|illegal) user )?(?P<user>.*){_FROM}{_SSH_END}"),
    # sshd asks an unknown user for a password too, and a line of its own tells how that went: not counted twice.
    _rule("invalid_user", rf"(?:Invalid|Illegal) user (?P<user>.*){_FROM}{_SSH_END}"),
    _rule(
        "login_failed",
        rf"(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(?P<user>.*){_FROM}{_SSH_END}",
    ),
    _rule(
        "login_failed",
        r"(?:error: )?PAM: (?:[Aa]uthentication (?:failure|error)|User not known to the underlying auth\w+ module)"
        rf" for (?:(?:illegal|invalid) user )?(?P<user>.*){_FROM}(?: via \S+)?\s*(?: \[preauth\])?",
    ),
    _rule("invalid_user", rf"User (?P<user>.*?)(?:{_FROM})? not allowed because .*"),
    _rule("login_failed", rf"ROOT LOGIN REFUSED FROM (?P<client>\S+)(?: port (?P<port>\d+))?{_SSH_END}"),
    _rule("", r"pam_\w+\(\w+:auth\): authentication failure; .*rhost=(?P<client>\S*)(?: +user=(?P<user>\S*))?\s*"),
    _rule("session_opened", r"pam_unix\(\w+:session\): session opened for user (?P<user>[^\s(]+)(?:\(uid=\d+\))? by.*"),
    _rule("session_closed", r"pam_unix\(\w+:session\): session closed for user (?P<user>\S+)"),
    _rule("session_opened", rf"Starting session: .* for (?P<user>.*){_FROM}(?: id \d+)?"),
    _rule("disconnect", rf"Disconnected from {_WHO} (?P<client>\S+) port (?P<port>\d+){_SSH_END}"),
    _rule("disconnect", rf"Disconnected from (?P<client>\S+) port (?P<port>\d+){_SSH_END}"),
    _rule("disconnect", r"(?:error: )?Received disconnect from (?P<client>\S+?):? ?(?:port (?P<port>\d+))?: ?\d+:.*"),
    _rule("disconnect", rf"Disconnecting {_WHO} (?P<client>\S+) port (?P<port>\d+): .*"),
    _rule("disconnect", r"Disconnecting: .*?(?: for (?:invalid user )?(?P<user>.*?))?(?: \[preauth\])?"),
    _rule(
        "disconnect",
        rf"Connection (?:closed|reset) by (?:(?:authenticating|invalid) user (?P<user>.*) )?(?P<client>[\w.:%-]+)"
        rf" port (?P<port>\d+){_SSH_END}",
    ),
    _rule("disconnect", r"Connection (?:closed|reset) by (?P<client>[\w.:%-]+)(?: \[preauth\])?"),
    _rule(
        "connect",
        r"Connection from (?P<client>[\w.:%-]+)(?: port (?P<port>\d+))?(?: on \S+ port \d+.*)?",
    ),
    _rule("", r"(?:Accepted|Postponed) key (?P<what>.+) found at .*"),
    _rule("", rf"(?:Postponed|Partial) (?P<method>\S+) for (?:invalid user )?(?P<user>.*){_FROM}{_SSH_END}"),
    _rule("", rf"Did not receive identification string{_FROM}.*"),
    _rule(
        "",
        r"(?:fatal: )?Timeout before authentication for (?:connection from )?"
        r"(?P<client>[\w.:%-]+)(?: port (?P<port>\d+))?.*",
    ),
    _rule("", rf"(?:error: )?Bad protocol version identification .*{_FROM}"),
    _rule(
        "",
        r"(?:error: |fatal: )?(?:Unable to negotiate with|(?:banner exchange|kex_exchange_identification|"
        r"ssh_dispatch_run_fatal): Connection from) (?P<client>[^\s:]\S*?)(?: port (?P<port>\d+))?:.*",
    ),
    _rule("", r"refused connect from .* \((?P<client>[^\s()]+)\)"),
    _rule("", r"(?:pam_\w+\(\w+:\w+\)|error|fatal|debug\d|input_userauth_request|reverse mapping checking .*): .*"),
    _rule(
        "",
        r"(?:Server listening on|Received signal|Exiting on signal|Close session:|Transferred:|User child|Address) .*",
    ),
)
_SUDO: Final = (
    _rule(
        "sudo",
        r"\s*(?P<user>\S+) : (?:(?P<why>[^;=]+) ; )?(?:HOST=\S* ; )?(?:TTY=(?P<tty>\S*) ; )?"
        r"(?:CHROOT=\S* ; )?PWD=(?P<pwd>.*?) ; USER=(?P<target>\S*) ;"
        r"(?: GROUP=\S* ;)?(?: TSID=\S* ;)?(?: ENV=.*? ;)? COMMAND=(?P<command>.*)",
    ),
    _rule(
        "session_opened",
        r"pam_unix\(sudo\S*:session\): session opened for user (?P<target>[^\s(]+).* by (?P<user>\w*).*",
    ),
    _rule("session_closed", r"pam_unix\(sudo\S*:session\): session closed for user (?P<target>\S+)"),
    _rule(
        "login_failed", r"pam_unix\(sudo\S*:auth\): authentication failure; .* tty=(?P<tty>\S*) .*user=(?P<user>\S*)"
    ),
    _rule("", r"pam_\w+\(sudo\S*:\w+\): .*"),
)
_SU: Final = (
    _rule("su", r"\(to (?P<target>\S+)\) (?P<user>\S+) on (?P<tty>\S+)"),
    _rule("su", r"Successful su for (?P<target>\S+) by (?P<user>\S+)"),
    _rule("su_failed", r"FAILED SU \(to (?P<target>\S+)\) (?P<user>\S+) on (?P<tty>\S+)"),
    _rule("su_failed", r"FAILED su for (?P<target>\S+) by (?P<user>\S+)"),
    _rule(
        "session_opened", r"pam_unix\(su\S*:session\): session opened for user (?P<target>[^\s(]+).* by (?P<user>\w*).*"
    ),
    _rule("session_closed", r"pam_unix\(su\S*:session\): session closed for user (?P<target>\S+)"),
    _rule("", r"pam_\w+\(su\S*:\w+\): .*"),
    _rule("", r"\+ \S+ \S+"),
)
_ACCOUNTS: Final = (
    _rule("user_added", r"new user: name=(?P<target>[^,]+),.*"),
    _rule("group_added", r"(?:new group: name=(?P<target>[^,]+),|group added to \S+: name=(?P<name>[^,]+)).*"),
    _rule("user_removed", r"delete user '(?P<target>[^']+)'.*"),
    _rule("group_removed", r"removed (?:shadow )?group '(?P<target>[^']+)'.*"),
    _rule("user_changed", r"(?:add|delete) '(?P<target>[^']+)' (?:to|from) (?:shadow )?group '(?P<name>[^']+)'.*"),
    _rule("user_changed", r"change user '(?P<target>[^']+)' .*"),
    _rule("password_changed", r"pam_unix\(\w+:chauthtok\): password changed for (?P<target>\S+)"),
    _rule("password_changed", r"(?:changed password|password) (?:for|changed for) '?(?P<target>[^\s']+)'?.*"),
)
_SESSIONS: Final = (
    _rule("session_opened", r"New session \S+ of user (?P<user>[^.\s]+)\.?.*"),
    _rule("session_closed", r"(?:Session \S+ logged out|Removed session).*"),
    _rule("session_opened", r"pam_unix\(\S+:session\): session opened for user (?P<user>[^\s(]+).*"),
    _rule("session_closed", r"pam_unix\(\S+:session\): session closed for user (?P<user>\S+)"),
    _rule("login_failed", r"FAILED LOGIN .* FOR '?(?P<user>[^',]*)'?.*"),
    _rule("login", r"LOGIN ON (?P<tty>\S+) BY (?P<user>\S+).*"),
    _rule("", r"pam_\w+\(\S+\): .*"),
    _rule("", r".*"),
)
_BY_PROGRAM: Final = {
    "sshd": _SSHD,
    "sshd-session": _SSHD,
    "sshd-auth": _SSHD,
    "sudo": _SUDO,
    "su": _SU,
    **dict.fromkeys(
        ("useradd", "userdel", "usermod", "groupadd", "groupdel", "gpasswd", "passwd", "chpasswd", "chage"), _ACCOUNTS
    ),
    **dict.fromkeys(("systemd-logind", "login", "CRON", "cron"), _SESSIONS),
}
_KEY: Final = re.compile(r"(?P<type>[A-Z0-9-]+) (?P<key>(?:SHA256|MD5):\S+)")
_ODD_NAME: Final = re.compile(r" from \S+|\bport \d+|[\x00-\x1f\x7f]|\\0\d\d")
_ODD_COMMAND: Final = re.compile(r" ; (?:TTY|PWD|USER|COMMAND)=")


def read_message(program: str, message: str, out: dict[str, str]) -> bool:
    """Adds what the message says to `out`; False if the program, or what it says, is not known."""
    for operation, pattern in _BY_PROGRAM.get(program.partition("(")[0], ()):
        match = pattern.fullmatch(message)
        if match is None:
            continue
        if operation:
            out["operation"] = operation
        found = {name: value for name, value in match.groupdict().items() if value}
        what, why = found.pop("what", ""), found.pop("why", "")
        found.pop("name", None)
        out.update(found)
        _finish(out, what, why)
        return True
    return False


def _finish(out: dict[str, str], what: str, why: str) -> None:
    """Outcome, the key's fingerprint, and doubts about the name."""
    key = _KEY.search(what) if what else None
    if key is not None:
        out["key"] = key.group("key")
    operation = out.get("operation", "")
    if operation in ("login_failed", "su_failed", "invalid_user") or why:
        out["outcome"] = "failed"
    elif operation in ("login", "su", "sudo"):
        out["outcome"] = "completed"
    if _ODD_NAME.search(out.get("user", "")):
        out["trust"] = "suspect"
        out["trust_why"] = f"user {out['user']!r} imitates the rest of the line"
    if _ODD_COMMAND.search(out.get("command", "")):
        out["trust"] = "suspect"
        out["trust_why"] = "a directory or a command imitates the fields of sudo's line"
