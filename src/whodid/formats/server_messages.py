"""What servers of mail, files, names and remote shells say of who came in and who did not, where they use syslog.

Called by programs.py, the envelope taken off. Only who came, from where, and how it ended is read; all else they say is
kept as it is. Names are chosen by whoever knocks: each pattern reads the address where no name can reach it. Texts:
dropbear, vsftpd, ProFTPD, Pure-FTPd, wu-ftpd, dovecot, Courier, Cyrus, UW IMAP, postfix, sendmail, exim, BIND, xinetd,
Webmin, MariaDB and MySQL, monit, perdition, NRPE.
"""

# ruff: noqa: E501 – one pattern a line

from typing import Final

from whodid.formats.message_rules import Rule, read_by_rules, rule

_IP: Final = r"(?P<client>[0-9A-Fa-f:.]+(?:%\w+)?)"
_HOST: Final = r"(?P<client>[^\s,\[\]()<>'\"]+)"
_HEADED: Final = r"(?:[\w.-]+: )?"
_DROPBEAR: Final = (
    rule("login_failed", rf"[Bb]ad (?P<method>password|PAM password) attempt for '(?P<user>.*)' from {_IP}:(?P<port>\d+)", "failed"),
    rule("invalid_user", rf"[Ll]ogin attempt for nonexistent user(?: '(?P<user>.*)')? from {_IP}:(?P<port>\d+)", "failed"),
    rule("login", rf"(?P<method>[Pp]assword|PAM password|[Pp]ubkey) auth succeeded for '(?P<user>.*)'(?: with .*)? from {_IP}:(?P<port>\d+)", "completed"),
    rule("login_abandoned", rf"Exit before auth(?: from <{_IP}:(?P<port>\d+)>)?: \(user '(?P<user>.*)', \d+ fails\): (?P<reason>.*)", "failed"),
    rule("login_abandoned", rf"Exit before auth \(user '(?P<user>.*)', \d+ fails\): Max auth tries reached - user '.*' from {_IP}:(?P<port>\d+)", "failed"),
)  # fmt: skip
_FTP: Final = (
    rule("login", rf'\[(?P<user>.*)\] OK LOGIN: Client "{_IP}".*', "completed"),
    rule("login_failed", rf'\[(?P<user>.*)\] FAIL LOGIN: Client "{_IP}"', "failed"),
    rule("login", rf"\S+ \(\S*\[{_IP}\]\):?(?: -)? USER (?P<user>.*): Login successful\.?", "completed"),
    rule("login_failed", rf"\S+ \(\S*\[{_IP}\]\):?(?: -)? USER (?P<user>.*) \(Login failed\): (?P<reason>.*)", "failed"),
    rule("invalid_user", rf"\S+ \(\S*\[{_IP}\]\):?(?: -)? USER (?P<user>.*): no such user found from .*", "failed"),
    rule("login_failed", rf"\S+ \(\S*\[{_IP}\]\):?(?: -)? (?P<reason>(?:SECURITY VIOLATION: |Maximum login attempts ).*?)\s*", "failed"),
    rule("login_failed", rf"\([^@()\s]*@{_HOST}\) \[WARNING\] Authentication failed for user \[(?P<user>.*)\]", "failed"),
    rule("login", rf"\([^@()\s]*@{_HOST}\) \[INFO\] (?P<user>.*) is now logged in", "completed"),
    rule("login_failed", rf"failed login from \S+ \[{_IP}\].*", "failed"),
    rule("login_failed", rf"repeated login failures from {_HOST} \(.*\)", "failed"),
)  # fmt: skip
_RIP: Final = rf"(?:user=<(?P<user>.*)>, )?(?:method=(?P<method>[\w-]+), )?rip={_IP}(?:,.*)?"
_MAIL: Final = (
    # dovecot
    rule("login", rf"[\w-]+-login: (?:Info: )?Login: {_RIP}", "completed"),
    rule("login_failed", rf"[\w-]+-login: (?:Info: )?[^<]*\((?:proxy dest )?auth failed[^)<]*\)[^<]*: {_RIP}", "failed"),
    rule("login_failed", rf"[\w-]+-login: (?:Info: )?[^<]*\(tried to use \w+ plaintext auth\)[^<]*: {_RIP}", "failed"),
    rule("", rf"[\w-]+-login: (?:Info: )?(?:Aborted login|Disconnected)[^<]*: {_RIP}"),
    rule(
        "login_failed",
        rf"auth(?:-worker)?(?:\([^)]*\))?: (?:Info: )?(?:conn .*: auth-worker<\d+>: )?[\w-]+\((?P<user>.*),{_IP}(?:,[^,()]*)?\): "
        r"(?P<reason>pam_authenticate\(\) failed: .*|unknown user.*|[Pp]assword mismatch.*|invalid credentials.*)",
        "failed",
    ),
    # Courier, Cyrus, UW IMAP
    rule("login_failed", rf"LOGIN FAILED, (?:user=(?P<user>.*)|method=(?P<method>\S+)), ip=\[{_IP}\](?:, port=\[\d+\])?", "failed"),
    rule("login", rf"LOGIN, user=(?P<user>.*), ip=\[{_IP}\].*", "completed"),
    rule("login_failed", rf"error,relay={_IP},(?:port=\d+,)?msg=\"535 .*", "failed"),
    rule("login_failed", rf"badlogin: [^\s\[]* ?\[{_IP}\] .*", "failed"),
    rule("login_failed", rf"Login (?:failed|excessive login failures|disabled) user=(?P<user>.*) auth=.* host=\S* ?\[{_IP}\]\s*", "failed"),
    # postfix, sendmail, exim
    rule("login_failed", rf"warning: \S+\[{_IP}\](?::\d+)?: SASL (?P<method>\S+) authentication failed:(?! Connection lost to | Invalid authentication mechanism).*", "failed"),
    rule("", rf"warning: \S+\[{_IP}\](?::\d+)?: SASL (?P<method>\S+) authentication failed: (?P<reason>.*)"),
    rule("", rf"[A-Z]+[A-Z0-9. ]*?(?: after [0-9.]+)? from \[{_IP}\]:(?P<port>\d+).*"),
    rule("login_failed", rf"disconnect from \S*\[{_IP}\] .*\bauth=0/\d+.*", "failed"),
    rule("blocked", rf"(?:NOQUEUE|\w+): (?:milter-)?reject: \w+ from \S*\[{_IP}\](?::\d+)?: (?P<reason>.*)", "failed"),
    rule("", rf"(?:lost connection|improper command pipelining|too many errors|timeout) after \w++(?: \([^)]*\))? from \S*\[{_IP}\](?::.*)?"),
    rule("", rf"(?:connect|disconnect) from \S*\[{_IP}\].*"),
    rule("login_failed", rf"\w+: AUTH failure \((?P<method>[\w-]+)\): .*, relay=(?:\S+ )?\[(?:IPv6:)?{_IP}\](?: \(may be forged\))?", "failed"),
    rule("login_failed", rf"\w+: (?:\S+ )?\[(?:IPv6:)?{_IP}\](?: \(may be forged\))?: possible SMTP attack: command=AUTH, count=\d+", "failed"),
    rule("blocked", rf"(?:\w+: )?ruleset=\w+, .*, relay=(?:\S+ )?\[(?:IPv6:)?{_IP}\](?: \(may be forged\))?, reject=(?P<reason>.*)", "failed"),
    rule("blocked", rf"\w+: rejecting commands from \S* ?\[(?:IPv6:)?{_IP}\] (?P<reason>.*)", "failed"),
    rule("", rf"\w+: (?:\S+ )?\[(?:IPv6:)?{_IP}\](?: \(may be forged\))?:? (?:did not issue |(?i:expn|vrfy) ).*"),
    rule("login_failed", rf"(?P<method>\w+) authenticator failed for (?:\S+ )?(?:\(\S*\) )?\[{_IP}\](?::\d+)?(?: I=\S+)?: .*", "failed"),
    rule("login_failed", rf"Fatal Error reading authentication information from client {_IP}:\d+->.*", "failed"),
)  # fmt: skip
_OTHERS: Final = (
    rule("denied", rf"{_HEADED}client (?:@0x[0-9a-f]+ )?{_IP}#(?P<port>\d+)(?: \(\S*\))?: (?:view \S+: )?(?P<reason>.* denied|bad zone transfer request: .*)", "failed"),
    rule("blocked", rf"FAIL: \S+ (?P<reason>address|libwrap|\w+) from={_IP}", "failed"),
    rule("login_failed", rf"(?:Invalid|Non-existent) login as (?P<user>.*) from {_HOST}\s*", "failed"),
    rule("login", rf"Successful login as (?P<user>.*) from {_HOST}\s*", "completed"),
    rule("login_failed", r".*Access denied for user '(?P<user>.*)'@'(?P<client>[^']*)'(?: to database '.*')? \(using password: (?:YES|NO)\)", "failed"),
    rule("login_failed", rf"HttpRequest: access denied -- client \[?{_IP}\]?: (?P<reason>wrong password .*|unknown user '.+'|empty password)", "failed"),
    rule("", rf"HttpRequest: access denied -- client \[?{_IP}\]?: (?P<reason>.*)"),  # a browser that asks first
    rule("blocked", rf"Host {_IP} is not allowed to talk to us!", "failed"),
)  # fmt: skip
_REST: Final = rule("", r".*")
"""They say a lot that nobody's coming and going depends on."""
_BY_PROGRAM: Final[dict[str, tuple[Rule, ...]]] = {
    "dropbear": _DROPBEAR,
    **dict.fromkeys(("vsftpd", "proftpd", "pure-ftpd", "wu-ftpd", "ftpd"), _FTP),
    **dict.fromkeys(
        ("dovecot", "dovecot-auth", "imapd", "imapd-ssl", "pop3d", "pop3d-ssl", "courierpop3login", "courieresmtpd", "ipop3d",
         "imap", "imaps", "pop3", "timsieved", "sieve", "sendmail", "exim", "exim4", "auth", "auth-worker", "imap-login",
         "pop3-login"),
        _MAIL,
    ),
    **dict.fromkeys(("named", "xinetd", "webmin", "mysqld", "mariadbd", "mysqld_safe", "monit", "nrpe"), _OTHERS),
}  # fmt: skip
_FAMILIES: Final = (("postfix", _MAIL), ("cyrus/", _MAIL), ("sm-", _MAIL), ("perdition", _MAIL))
"""Programs that have many names: `postfix/submission/smtpd`, `sm-mta`."""


def server_rules(program: str) -> tuple[Rule, ...] | None:
    """What is known of a server's messages; None of a program that is none of them."""
    known = _BY_PROGRAM.get(program)
    return known or next((rules for family, rules in _FAMILIES if program.startswith(family)), None)


def read_server_message(rules: tuple[Rule, ...], program: str, message: str, out: dict[str, str]) -> None:
    """Adds what a server says to `out`; `rules` are its own."""
    if program in ("auth", "auth-worker", "imap-login", "pop3-login"):
        message = f"{program}: {message}"  # dovecot that writes its log itself
    read_by_rules((*rules, _REST), message, out)
    client = out.get("client", "")
    if client.startswith("::ffff:") and "." in client:
        out["client"] = client.removeprefix("::ffff:")
