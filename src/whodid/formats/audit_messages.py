"""Linux's audit records as auditd and journald write them: `type=USER_AUTH msg=audit(1795408351.123:45): …`.

Called by programs.py (the journal's audit lines) and by syslog.py for lines without an envelope (audit.log). Only what
PAM and sshd report of logins is read: system calls are other tools' work. Texts: audit-userspace, OpenSSH's
audit-linux.c, Linux-PAM.
"""

import re
from typing import Final

_RECORD: Final = re.compile(
    r"(?:node=\S+ )?(?:type=|audit: type=)?([A-Z_]+)(?:\[\d+\])?:? (?:msg=)?audit\((\d{1,12})\.(\d{3}):\d+\): ?(.*)",
    re.DOTALL,
)
_FIELD: Final = re.compile(r"""\b([\w-]+)=(?:"([^"]*)"|([^\s'"]+))""")
_HEX: Final = re.compile(r"(?:[0-9A-F]{2})+")
_LOGINS: Final = {
    # kind of record → operation if it failed, if it succeeded
    "USER_AUTH": ("login_failed", ""),
    "USER_LOGIN": ("login_abandoned", "login"),
    "USER_ERR": ("invalid_user", ""),
    "USER_START": ("", "session_opened"),
    "USER_END": ("", "session_closed"),
    "USER_CHAUTHTOK": ("", "password_changed"),
    "ADD_USER": ("", "user_added"),
    "DEL_USER": ("", "user_removed"),
    "ADD_GROUP": ("", "group_added"),
    "DEL_GROUP": ("", "group_removed"),
    "USER_CMD": ("", "sudo"),
}
_NOBODY: Final = ("?", "(unknown)", "(unknown user)", "(invalid user)")


def read_audit(text: str, out: dict[str, str]) -> int | None:
    """Adds what an audit record says to `out`; its instant, None if it is no audit record."""
    record = _RECORD.fullmatch(text)
    if record is None:
        return None
    kind, seconds, milliseconds, body = record.groups()
    fields: dict[str, str] = {}
    for name, quoted, bare in _FIELD.findall(body.replace("'", " ")):
        fields[name] = quoted or bare
    out["program"] = fields.get("exe", "audit").rpartition("/")[2]
    out["record"] = kind
    if fields.get("pid", "").isdecimal():
        out["pid"] = fields["pid"]
    failed, succeeded = _LOGINS.get(kind, ("", ""))
    if kind in _LOGINS:
        _read_login(fields, failed, succeeded, out)
    return int(seconds) * 1_000_000_000 + int(milliseconds) * 1_000_000


def _read_login(fields: dict[str, str], failed: str, succeeded: str, out: dict[str, str]) -> None:
    result = fields.get("res", "")
    success = result in ("success", "1")
    operation = succeeded if success else failed
    if operation:
        out["operation"] = operation
    if result:
        out["outcome"] = "completed" if success else "failed"
    account = _plain(fields.get("acct", ""))
    if account and account not in _NOBODY:
        out["user"] = account
    for name in ("addr", "hostname"):
        if fields.get(name, "?") != "?":
            out["client"] = fields[name]
            break
    method = fields.get("op", "")
    if method and not method.startswith(("PAM:", "login")):
        out["method"] = method
    if "cmd" in fields:
        out["command"] = _plain(fields["cmd"])


def _plain(text: str) -> str:
    """Names with odd characters are written in hexadecimal."""
    return bytes.fromhex(text).decode("utf-8", "replace") if len(text) > 3 and _HEX.fullmatch(text) else text
