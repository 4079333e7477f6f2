"""What sshd says: who knocked, who got in and with which key, who did not. Called by programs.py without the envelope.

Names in sshd's messages are chosen by whoever knocks, so they may look like the rest of the line. Where address and
port stand at the end, patterns are anchored there; where a line can be cut in more than one place, what the same
process said before decides. Texts: OpenSSH 7 to 10 (auth.c, auth2.c, packet.c, session.c, serverloop.c, sshd.c), and
older ones as far as fail2ban still meets them.
"""

# ruff: noqa: E501 – one pattern a line

import re
from dataclasses import dataclass
from typing import Final, TypeVar

from whodid.formats.auth_messages import read_pam
from whodid.formats.message_rules import read_by_rules, rule, suspect
from whodid.formats.stamps import SECOND

_PORT: Final = r"(?: port (?P<port>\d+))?"
_FROM: Final = rf" from (?P<client>\S+){_PORT}"
_ADDRESS: Final = r"(?P<client>[\w.:%-]+)"
_PREAUTH: Final = r"(?: \[preauth\])?"
_ENDING: Final = rf"(?: on \S+ port \d+)?(?: ssh\d)?(?:: .*?)?{_PREAUTH}"
_WHO: Final = r"(?P<state>authenticating|invalid|illegal) user (?P<user>.*)"
# Where a user is named, a port is too: only so can be told where the name ends.
_PEER: Final = (
    r"(?:(?:(?:authenticating |invalid )?user (?P<user>.*) )(?=[\w.:%-]+ port \d+: ))?(?P<client>[\w.:%-]+)" + _PORT
)
_LEVEL: Final = r"(?:error: |fatal: )?"

# The order matters only where a message fits two patterns: the more particular one stands first.
_RULES: Final = (
    rule("invalid_user", rf"(?:Invalid|Illegal) user (?P<user>.*){_FROM}{_PREAUTH}", "failed"),
    rule("invalid_user", rf"(?:Invalid|Illegal) user (?P<user>.*){_FROM}{_ENDING}", "failed"),
    rule("invalid_user", rf"User (?P<user>.*){_FROM} not allowed because (?P<reason>.*)", "failed"),
    rule("invalid_user", r"User (?P<user>.*) not allowed because (?P<reason>.*)", "failed"),
    rule(
        "login_failed",
        rf"(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(?P<user>.*){_FROM}{_ENDING}",
        "failed",
    ),
    rule(
        "login_failed",
        r"(?:error: )?PAM: (?:[Aa]uthentication (?:failure|error)|User not known to the underlying auth\w+ module|"
        r"[\w ,]+) for (?:(?:illegal|invalid) user )?"
        rf"(?P<user>.*){_FROM}(?: via \S+)?\s*{_PREAUTH}",
        "failed",
    ),
    rule("login_failed", rf"{_LEVEL}Access denied for user (?P<user>.*) by PAM account configuration{_PREAUTH}", "failed"),
    rule("login_failed", rf"ROOT LOGIN REFUSED FROM (?P<client>\S+){_PORT}{_PREAUTH}", "failed"),
    rule("session_opened", rf"Starting session: (?P<command>.*) for (?P<user>.*){_FROM}(?: id \d+)?"),
    rule("", rf"Close session: user (?P<user>.*){_FROM}(?: id \d+)?"),
    rule("", rf"(?:Postponed|Partial) (?P<method>\S+) for (?:invalid user )?(?P<user>.*){_FROM}{_ENDING}"),
    rule("connect", rf"Connection from {_ADDRESS}{_PORT}(?: on (?P<target_address>\S+) port \d+.*)?"),
    # A connection that ended: _judge tells whether somebody had been let in.
    rule("login_abandoned", rf"Disconnected from {_WHO} (?P<client>\S+) port (?P<port>\d+){_PREAUTH}", "failed"),
    rule("disconnect", rf"Disconnected from user (?P<user>.*) (?P<client>\S+) port (?P<port>\d+){_PREAUTH}"),
    rule("disconnect", rf"Disconnected from (?P<client>\S+){_PORT}{_PREAUTH}"),
    rule("login_abandoned", rf"Connection (?:closed|reset) by {_WHO} {_ADDRESS} port (?P<port>\d+){_PREAUTH}", "failed"),
    rule("disconnect", rf"Connection (?:closed|reset) by {_ADDRESS}{_PORT}{_PREAUTH}"),
    rule("disconnect", rf"{_LEVEL}Received disconnect from (?P<client>\S+?):?{_PORT}: ?(?P<code>\d+):(?P<said>.*)"),
    rule(
        "login_abandoned",
        rf"Disconnecting {_WHO} (?P<client>\S+) port (?P<port>\d+):"
        r" (?:Too many authentication failures|Change of username or service not allowed).*",
        "failed",
    ),
    rule("login_abandoned", rf"Disconnecting {_WHO} (?P<client>\S+) port (?P<port>\d+): .*", "failed"),
    rule("disconnect", r"Disconnecting user (?P<user>.*) (?P<client>\S+) port (?P<port>\d+): .*"),
    rule(
        "login_abandoned",
        rf"Disconnecting: (?:Too many authentication failures|Change of username)(?: for (?P<user>.*?))?{_PREAUTH}",
        "failed",
    ),
    rule("disconnect", r"Disconnecting(?:: | (?P<client>\S+) port (?P<port>\d+): ).*"),
    rule("disconnect", r"Timeout, client not responding from (?:user (?P<user>.*) )?(?P<client>\S+) port (?P<port>\d+)"),
    rule("disconnect", rf"Read error from remote host {_PEER}: .*"),
    rule("disconnect", rf"{_LEVEL}packet_write_\w+: Connection (?:from|to) {_PEER}: .*"),
    # Whoever never spoke SSH, or not as this server does.
    rule("login_abandoned", rf"Did not receive identification string{_FROM}.*", "failed"),
    rule("login_abandoned", rf"{_LEVEL}Bad protocol version identification .*{_FROM}", "failed"),
    rule("login_abandoned", rf"{_LEVEL}Protocol major versions differ for (?P<client>\S+){_PORT}: .*", "failed"),
    rule(
        "login_abandoned",
        rf"{_LEVEL}Timeout before authentication for (?:connection from )?{_ADDRESS}{_PORT}(?: to .*)?",
        "failed",
    ),
    rule("login_abandoned", rf"{_LEVEL}Unable to negotiate with (?P<client>[^\s:]\S*?){_PORT}: .*", "failed"),
    rule(
        "login_abandoned",
        rf"{_LEVEL}(?:banner exchange|kex_exchange_identification|ssh_dispatch_run_fatal): Connection from {_PEER}: .*",
        "failed",
    ),
    rule(
        "login_abandoned",
        rf"{_LEVEL}(?:kex_exchange_identification: .*|Unable to negotiate a key exchange method.*|no matching \w+.*found.*"
        r"|Read from socket failed: .*|Write failed: .*|kex_protocol_error: .*|ssh_dispatch_run_fatal: .*)",
        "failed",
    ),
    rule("blocked", r"refused connect from .* \((?P<client>[^\s()]+)\)", "failed"),
    rule("blocked", r"refused connect from (?P<client>\S+)", "failed"),
    rule("blocked", rf"{_LEVEL}drop connection #\d+ from \[(?P<client>[^\]\s]+)\]:(?P<port>\d+) on .*", "failed"),
    rule("", r"srclimit_penalise: \w+: (?:\w+ )+(?P<client>[\w.:]+)/\d+ .*"),
    # What a session did.
    rule(
        "forward_refused",
        r"refused local port forward: originator .* port \d+, target (?P<target_address>.*) port (?P<target_port>\d+)",
        "failed",
    ),
    rule(
        "forward_refused",
        rf"Received request(?: from (?P<client>\S+){_PORT})? to (?:connect to|remote forward).*(?:denied|disabled).*",
        "failed",
    ),
    rule("", rf"{_LEVEL}connect_to (?P<target_address>\S+?):? port (?P<target_port>\d+): failed\..*"),
    rule("", r"(?:Accepted|Postponed) key (?P<key_type>\S+) (?P<key>\S+) found at .*"),
    rule(
        "",
        r'Accepted certificate ID "(?P<identity>.*)" \(serial \d+\) signed by \S+ CA (?P<ca>(?:SHA256|MD5):\S+) via .*',
    ),
    rule("", r"SSH: Server;Ltype: \w+;Remote: (?P<client>[\w.:]+)-(?P<port>\d+);.*"),
    rule("", r"User child is on pid (?P<child>\d+)"),
    rule("", r"reverse mapping checking getaddrinfo for \S+ \[(?P<client>[^\]\s]+)\] failed.*"),
    rule("", r"Address (?P<client>\S+) maps to .*"),
    rule("", r"Nasty PTR record .* is set up for (?P<client>\S+), ignoring"),
    rule("", r"Authentication (?:refused|tried for|key \S+ \S+) .*|Authentication refused: .*"),
    rule(
        "",
        r"(?:Bad packet length|Corrupted MAC|padding error:|message authentication code|userauth_\w+:|dispatch_\w+:|main: "
        r"|refusing \S+ key:|penalty: |Certificate |[a-z]+_\w+: ).*",
    ),
    rule("", r"subsystem request for \S+(?: by user (?P<user>.*)|.*)"),
    rule("", r"(?:error|fatal|warning|debug\d|input_userauth_request|rexec line \d+|Nasty PTR record .*): .*"),
    rule(
        "",
        r"(?:Server listening on|Received signal|Received SIGHUP|Exiting on signal|Transferred:|Connection to "
        r"|beginning MaxStartups|exited MaxStartups|sshd? version|Could not |User \S+ (?:shell|chroot)|Set |Unable to ).*",
    ),
)  # fmt: skip
_VERDICT: Final = re.compile(r"(Accepted|Failed) (\S+) for ((?:invalid|illegal) user )?(.*)", re.DOTALL)
_PLACE: Final = re.compile(r" from (\S*(?:[^\s:]|::))(?: port (\d{1,5}))?(?: ssh\d)?(?=: |\Z| \[preauth\]\Z)")
_MOST_PLACES: Final = 32
_KEYED: Final = ("publickey", "hostbased")
_KEY: Final = re.compile(r"([A-Za-z0-9-]+) ((?:SHA256|MD5):\S+|(?:[0-9a-fx]{2}:){15}[0-9a-fx]{2})(.*)", re.DOTALL)
_BARE_CERTIFICATE: Final = re.compile(r"([A-Za-z0-9-]+-CERT)( ID .*)", re.DOTALL)  # an older OpenSSH
_CERTIFICATE: Final = re.compile(r" ID (.*) \(serial \d+\) CA \S+ ((?:SHA256|MD5):\S+).*", re.DOTALL)
_ODD_NAME: Final = re.compile(r" from \S+|\bport \d+|[\x00-\x1f\x7f]|\\0\d\d")
_MOST: Final = 10_000
_LONG_PID: Final = 20
_SCAFFOLD: Final = ("state", "code", "said", "child")
_KNOCKS: Final = ("connect", "login_failed", "invalid_user", "key_refused")
"""What is said of a connection before anybody is let in: never of one that has a session."""
_Key = TypeVar("_Key")


@dataclass(slots=True)
class _Connection:
    """What the lines of one sshd process have told so far."""

    client: str = ""
    port: str = ""
    failed: bool = False
    session: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.client, self.port


class Sshd:
    """What the sshd processes of one log say; remembers, per process, where its connection came from."""

    __slots__ = ("_by_place", "_by_process")

    def __init__(self) -> None:
        self._by_process: dict[str, _Connection] = {}
        self._by_place: dict[tuple[str, str], _Connection] = {}

    def read(self, process: str, message: str, ns: int | None, out: dict[str, str]) -> bool:
        """Adds what `message` says to `out`; `process` tells the processes of a log apart, empty if it is not known."""
        known = self._by_process.get(process)
        verdict = _VERDICT.fullmatch(message)
        if verdict is not None:
            understood = _read_verdict(verdict, known, out)
        else:
            understood = read_pam("sshd", message, out) or read_by_rules(_RULES, message, out)
        if not understood:
            return False
        if out.get("client", "").startswith("::ffff:") and "." in out["client"]:
            out["client"] = out["client"].removeprefix("::ffff:")
        if process:
            known = self._remember(process, known, ns, out)
        if out.get("operation") == "disconnect" and _ended_early(message, out, known):
            out["operation"], out["outcome"] = "login_abandoned", "failed"
        for name in _SCAFFOLD:
            out.pop(name, None)
        if _ODD_NAME.search(out.get("user", "")):
            suspect(out, f"user {out['user']!r} imitates the rest of the line")
        return True

    def _remember(self, process: str, known: _Connection | None, ns: int | None, out: dict[str, str]) -> _Connection:
        """Notes where the connection came from, and adds what is known of it."""
        operation, client, port = out.get("operation", ""), out.get("client", ""), out.get("port", "")
        if known is None or operation == "connect" or (port and known.port and (client, port) != known.place):
            # Process ids come again; and the child that serves a session is another process than the one that let in.
            same = None if operation in _KNOCKS else self._by_place.get((client, port))
            known = same or _Connection(client, port)
            _put(self._by_process, process, known)
        if client and not known.client:
            known.client, known.port = client, port
        elif known.client and not client and operation not in ("", "forward_refused"):
            out["client"] = known.client
            if known.port:
                out["port"] = known.port
        if "child" in out:
            _put(self._by_process, out["child"], known)
        pid = process.rpartition(" ")[2]
        if operation == "login" and ns is not None and pid.isdecimal() and len(pid) < _LONG_PID:
            # As PostgreSQL names its sessions: process ids come again, the pair of start and process does not.
            known.session = f"{ns // SECOND:x}.{int(pid):x}"
            if port:
                _put(self._by_place, (client, port), known)
        if out.get("outcome") == "failed" or operation in ("key_refused", "auth_failed"):
            known.failed = True
        if known.session:
            out["session"] = known.session
        if operation == "session_closed":
            self._by_process.pop(process, None)
        return known


def _put(memory: dict[_Key, _Connection], key: _Key, value: _Connection) -> None:
    if key not in memory and len(memory) >= _MOST:
        memory.pop(next(iter(memory)))
    memory[key] = value


def _read_verdict(verdict: re.Match[str], known: _Connection | None, out: dict[str, str]) -> bool:
    """`Accepted METHOD for USER from CLIENT port PORT ssh2: KEY`, and the same with Failed."""
    word, method, invalid, rest = verdict.groups()
    place = _choose_place(rest, method, known)
    if place is None:
        return False
    out["method"] = method
    if rest[: place.start()]:
        out["user"] = rest[: place.start()]
    out["client"] = place.group(1)
    if place.group(2):
        out["port"] = place.group(2)
    if method in _KEYED:
        _read_key(rest[place.end() :].removeprefix(": "), out)
    if word == "Accepted":
        out["operation"], out["outcome"] = "login", "completed"
    elif method == "publickey" and not invalid:
        out["operation"] = "key_refused"  # clients offer one key after the other: no failure until they give up
    else:
        out["operation"], out["outcome"] = "login_failed", "failed"
    return True


def _choose_place(rest: str, method: str, known: _Connection | None) -> re.Match[str] | None:
    """Where the name ends and the address begins. A name may hold anything, even a false address."""
    places = list(_PLACE.finditer(rest))[-_MOST_PLACES:]
    if len(places) < 2:
        return places[0] if places else None
    if known is not None and known.client:
        for place in places:
            if place.group(1) == known.client and (not known.port or place.group(2) == known.port):
                return place
    if method in _KEYED:  # then a key follows the address; hostbased adds names behind it
        keyed = [
            place
            for place in places
            if _BARE_CERTIFICATE.match(rest, place.end() + 2) or _KEY.match(rest, place.end() + 2)
        ]
        if keyed:
            return keyed[0] if method == "hostbased" else keyed[-1]
    return next((place for place in reversed(places) if place.group(2)), places[-1])


def _read_key(text: str, out: dict[str, str]) -> None:
    key, bare = _KEY.match(text), _BARE_CERTIFICATE.fullmatch(text)
    if key is not None:
        out["key_type"], out["key"], more = key.groups()
    elif bare is not None:
        out["key_type"], more = bare.groups()
    else:
        return
    certificate = _CERTIFICATE.fullmatch(more)
    if certificate is not None:
        out["identity"], out["ca"] = certificate.groups()


def _ended_early(message: str, out: dict[str, str], known: _Connection | None) -> bool:
    """Whether a connection ended before anybody was let in."""
    if known is not None and known.session:
        return False
    if message.endswith("[preauth]") or out.get("code") == "14" or out.get("said", "").endswith("Auth fail"):
        return True
    return known is not None and known.failed
