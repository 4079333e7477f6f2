"""sshd's messages hold names that whoever knocks has chosen: no name moves the blame to another address.

The lines are made as OpenSSH's auth_log and its neighbours make them, the name put where it stands. What each message
means is in samples/auth.log.
"""

from hypothesis import given
from hypothesis import strategies as st

from whodid.formats import FormatSettings, Parsed, make_format

NOW_NS = 1_795_000_000 * 10**9
HEAD = "Nov 23 04:32:32 db1 sshd[4711]: "
DISGUISES = st.sampled_from(
    [" from 9.9.9.9", " port 22", " ssh2", ": RSA SHA256:abc", " [preauth]", "invalid user ", "root", " 9.9.9.9 port 1",
     "Accepted password for ", "Failed password for ", " from 9.9.9.9 port 1 ssh2", " not allowed because ", ": ", " ",
     "authenticating user ", "x", "é", "Too many authentication failures"]
)  # fmt: skip
CLOSED = "pam_unix(sshd:session): session closed for user a"
NAMES = st.lists(DISGUISES, max_size=6).map("".join) | st.text(st.characters(codec="utf-8", exclude_characters="\n\0"))
ADDRESSES = st.ip_addresses().map(str).filter(lambda address: not address.startswith("::ffff:"))
PORTS = st.integers(1, 65535).map(str)
KNOCKS = st.sampled_from(
    [
        "Failed password for invalid user {user} from {client} port {port} ssh2",
        "Failed none for invalid user {user} from {client} port {port} ssh2",
        "Failed keyboard-interactive/pam for invalid user {user} from {client} port {port} ssh2",
        "Failed publickey for invalid user {user} from {client} port {port} ssh2: ED25519 SHA256:Zk3uQYV1nQz9",
        "Invalid user {user} from {client} port {port}",
        "error: maximum authentication attempts exceeded for invalid user {user} from {client} port {port} ssh2",
        "Connection closed by invalid user {user} {client} port {port} [preauth]",
        "Disconnected from invalid user {user} {client} port {port} [preauth]",
        "Disconnecting invalid user {user} {client} port {port}: Too many authentication failures [preauth]",
        "ssh_dispatch_run_fatal: Connection from invalid user {user} {client} port {port}: Broken pipe [preauth]",
    ]
)
FAILURES = {"login_failed", "invalid_user", "login_abandoned"}


def parse(*messages: str) -> Parsed:
    log = make_format("auth", FormatSettings(year_hint_ns=NOW_NS))
    return [log.parse(HEAD + message) for message in messages][-1]


@given(KNOCKS, NAMES, ADDRESSES, PORTS)
def test_no_name_moves_the_blame(knock: str, user: str, client: str, port: str) -> None:
    said = parse(knock.format(user=user, client=client, port=port)).attributes
    assert (said.get("client"), said.get("port")) == (client, port)
    assert said["operation"] in FAILURES
    assert said.get("user", "") == user
    if " from " in user.strip() and user.split(" from ")[-1].split():
        assert said["trust"] == "suspect"


@given(KNOCKS, NAMES, ADDRESSES, PORTS)
def test_a_process_is_one_connection(knock: str, user: str, client: str, port: str) -> None:
    """What sshd says without an address is about the connection of the same process."""
    connected = f"Connection from {client} port {port} on 10.0.0.1 port 22"
    knocked = knock.format(user=user, client=client, port=port)
    said = parse(connected, knocked, "fatal: Read from socket failed: Connection reset by peer [preauth]").attributes
    assert (said["client"], said["port"], said["operation"]) == (client, port, "login_abandoned")


def test_an_old_sshd_told_more_behind_the_address() -> None:
    """There even the end of the line was the knocker's: what the process said before decides."""
    known = parse(
        "Connection from 192.0.2.8 port 20 on 10.0.0.1 port 22",
        "Failed password for invalid user x from 192.0.2.8 port 20 ssh2: from 192.0.2.9 port 55555 ssh2",
    )
    assert known.attributes["client"] == "192.0.2.8"
    unknown = parse("Failed password for invalid user x from 192.0.2.8 port 20 ssh2: from 192.0.2.9 port 55555 ssh2")
    assert unknown.attributes["client"] == "192.0.2.9"
    assert unknown.attributes["trust"] == "suspect"


def test_process_ids_come_again() -> None:
    login = "Accepted password for anna from 192.0.2.8 port 20 ssh2"
    assert "session" in parse(login, "Connection closed by 192.0.2.8 port 20").attributes
    again = parse(login, "Invalid user bob from 192.0.2.9 port 30", "Connection closed by 192.0.2.9 port 30").attributes
    assert again["operation"] == "login_abandoned"
    assert "session" not in again


def test_a_place_comes_again() -> None:
    """Whoever knocks, by another process, has no part in the session that came from the same port before."""
    log = make_format("auth", FormatSettings(year_hint_ns=NOW_NS))
    log.parse(HEAD + "Accepted password for anna from 192.0.2.8 port 20 ssh2")
    head = HEAD.replace("4711", "4712")
    for message in ("Invalid user bob from 192.0.2.8 port 20", "Connection closed by 192.0.2.8 port 20 [preauth]"):
        said = log.parse(head + message).attributes
        assert said["operation"] in FAILURES
        assert "session" not in said


def test_a_process_id_may_be_anything() -> None:
    log = make_format("syslog", FormatSettings(year_hint_ns=NOW_NS))
    for pid in ("9" * 5000, "x", "٣"):
        said = log.parse(
            f"<38>1 2026-11-23T04:32:32Z h sshd {pid} - - Accepted password for a from 192.0.2.8 port 5 ssh2"
        )
        assert said.attributes["operation"] == "login"


def test_what_is_remembered_is_bounded() -> None:
    log = make_format("auth", FormatSettings(year_hint_ns=NOW_NS))
    for pid in range(10_005):
        log.parse(f"Nov 23 04:32:32 h sshd[{pid}]: Accepted password for a from 192.0.2.8 port {pid} ssh2")
    assert "session" not in log.parse(f"Nov 23 04:32:33 h sshd[0]: {CLOSED}").attributes
    assert "session" in log.parse(f"Nov 23 04:32:33 h sshd[10004]: {CLOSED}").attributes
