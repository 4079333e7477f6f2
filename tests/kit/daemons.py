"""Real daemons for acceptance tests – PostgreSQL, sshd under rsyslogd, nginx – on an island of their own.

The island is a set of Linux namespaces (network, mounts, processes, IPC): every address of 10.0.0.0/8 is its own there,
the daemons have their usual ports and a /dev/log of their own, and all of them end with the island, even if the test
is killed. Nothing of the machine is touched. Needs root.
"""

import ctypes
import fcntl
import os
import pwd
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from kit.processes import PREFIX, wait_until

T = TypeVar("T")

HOST = "10.20.0.5"
"""The address of the daemons."""
ACCOUNT = "deploy"
"""The unix account that everybody shares."""
ROLE, DATABASE, PASSWORD = "shop_admin", "postgres", "test-only"
"""The database login that everybody shares."""

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _SIOCSIFADDR, _IFF_UP = 0x8914, 0x8916, 0x1

# The mounts are the island's own: /run and /dev are emptied so that no socket of the host's daemons can be met there,
# and the shared account exists nowhere else. `cat` is process 1: it ends, and everything with it, when the test does.
_SETTLE = """
set -e
cd "$1"
mkdir dev
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do : >"dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mkdir -m 1777 dev/shm
ln -s /proc/self/fd dev/fd
mount --move dev /dev
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd
for file in passwd shadow pam.d/sshd; do mount --bind "etc/$file" "/etc/$file"; done
echo settled
exec cat
"""
_PAM = "account required pam_permit.so\nsession required pam_unix.so\n"


def why_not() -> str:
    """Why there can be no island here; empty if there can."""
    if os.geteuid() != 0:
        return "needs root: own network and mount namespaces, and daemons under their own users"
    probe = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--mount-proc", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespaces on this machine: {probe.stderr.strip()}" if probe.returncode else ""


class Island:
    """The namespaces, from `raise_island`."""

    def __init__(self, directory: Path, pid: int) -> None:
        self.directory = directory
        """Readable for every account, unlike pytest's."""
        self._pid = pid
        self._daemons: list[subprocess.Popen[bytes]] = []
        with self._socket(socket.SOCK_DGRAM) as knob:
            # On a loopback device a prefix is local as a whole: all of 10.0.0.0/8 can be bound and reached.
            _set_interface(knob, _SIOCSIFFLAGS, "lo", struct.pack("h", _IFF_UP))
            _set_interface(
                knob, _SIOCSIFADDR, "lo:1", struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton("10.0.0.1"))
            )

    def start(self, command: Sequence[str], log: str, user: str = "root") -> None:
        """Starts a daemon in the foreground; it ends with the island. What it says goes to a file of that name."""
        with (self.directory / log).open("ab") as out:
            self._daemons.append(
                subprocess.Popen(self._inside(command, user), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            )

    def wait(self) -> None:
        """Returns when every daemon has ended."""
        for daemon in self._daemons:
            daemon.wait(timeout=30)

    def run(self, command: Sequence[str], user: str = "root") -> str:
        """Runs a command to its end; what it wrote. Fails with its words if it fails."""
        done = subprocess.run(
            self._inside(command, user), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def connect(self, port: int, source: str) -> socket.socket:
        """A connection to a daemon from that address, usable from outside."""
        with self._socket(socket.SOCK_STREAM) as sock:
            sock.bind((source, 0))
            sock.connect((HOST, port))
            return sock.dup()

    def listens(self, port: int) -> bool:
        try:
            self.connect(port, HOST).close()
        except ConnectionRefusedError:
            return False
        return True

    def has(self, path: str) -> bool:
        """Whether a path exists in the island's own view."""
        return Path(f"/proc/{self._pid}/root{path}").exists()

    def _inside(self, command: Sequence[str], user: str) -> list[str]:
        entering = ["nsenter", f"--target={self._pid}", "--net", "--mount", "--pid", "--ipc", "--"]
        as_user = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return [*entering, *as_user, *command]

    def _socket(self, kind: int) -> socket.socket:
        """A socket of the island's network. It stays that for life, whichever thread uses it."""

        def make() -> socket.socket:
            with open(f"/proc/{self._pid}/ns/net") as namespace:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return socket.socket(socket.AF_INET, kind)

        return _in_a_thread(make)


@contextmanager
def raise_island() -> Iterator[Island]:
    """An island with nobody on it yet."""
    directory = Path(tempfile.mkdtemp(prefix="whodid-island-"))
    directory.chmod(0o755)
    _write_accounts(directory / "etc")
    command = ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    root = subprocess.Popen(
        [*command, "sh", "-c", _SETTLE, "sh", str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    island = None
    try:
        assert root.stdin and root.stdout
        assert root.stdout.readline() == b"settled\n", "the island could not be made, the reason stands above"
        pid = int(Path(f"/proc/{root.pid}/task/{root.pid}/children").read_text().split()[0])
        island = Island(directory, pid)
        yield island
    finally:
        root.communicate(timeout=30)  # closes its input
        if island is not None:
            island.wait()
        shutil.rmtree(directory)


class Postgres:
    """An empty cluster that logs everything, in the prefix the tests know, to a file as Debian's do."""

    def __init__(self, island: Island) -> None:
        self._island = island
        self.log = island.directory / "postgresql.log"
        binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        home = island.directory / "postgres"
        home.mkdir()
        os.chown(home, pwd.getpwnam("postgres").pw_uid, -1)
        data, secret = home / "data", island.directory / "password"
        secret.write_text(PASSWORD)
        initdb = f"{binaries}/initdb -D {data} -U {ROLE} --pwfile={secret} -A scram-sha-256 --no-sync --locale=C"
        island.run([*initdb.split(), "--encoding=UTF8"], user="postgres")
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 scram-sha-256\n")
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "log_line_prefix": PREFIX,
            "log_statement": "all",
            "log_min_duration_statement": "0",
            "log_connections": "on",
            "log_disconnections": "on",
            "fsync": "off",
            "shared_buffers": "8MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        island.start([f"{binaries}/postgres", "-D", str(data), *options], self.log.name, user="postgres")
        wait_until(lambda: "ready to accept connections" in self.log.read_text(), f"PostgreSQL is up: {self.log}")

    @contextmanager
    def from_address(self, source: str) -> Iterator[dict[str, str]]:
        """libpq's environment for reaching the cluster from that address: libpq itself cannot choose one."""
        directory = Path(tempfile.mkdtemp(dir=self._island.directory))
        with _relay(directory / ".s.PGSQL.5432", lambda: self._island.connect(5432, source)):
            yield {"PGHOST": str(directory), "PGUSER": ROLE, "PGDATABASE": DATABASE, "PGPASSWORD": PASSWORD}

    def psql(self, source: str, *commands: str) -> str:
        """One psql session from an address. Goes on after errors as an interactive one does; what it wrote."""
        with self.from_address(source) as environment:
            done = subprocess.run(
                ["psql", "--no-psqlrc", *(part for command in commands for part in ("-c", command))],
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
                check=False,
            )
        return done.stdout + done.stderr


class SshServer:
    """sshd, its words written by rsyslogd into auth.log in the traditional format."""

    def __init__(self, island: Island) -> None:
        self._island = island
        self.log = island.directory / "auth.log"
        ours = island.directory / "ssh"
        ours.mkdir(mode=0o755)
        (ours / "rsyslog.conf").write_text(
            f'module(load="imuxsock")\nauth,authpriv.* action(type="omfile" file="{self.log}"'
            ' template="RSYSLOG_TraditionalFileFormat")\n'
        )
        _make_key(ours / "host_key")
        self._allowed = ours / "authorized_keys"
        self._allowed.touch()
        (ours / "sshd_config").write_text(
            f"ListenAddress {HOST}\nHostKey {ours}/host_key\nAuthorizedKeysFile {self._allowed}\nStrictModes no\n"
            "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
        )
        island.start(["rsyslogd", "-n", "-f", f"{ours}/rsyslog.conf", "-i", f"{ours}/rsyslogd.pid"], "rsyslogd.out")
        wait_until(lambda: island.has("/dev/log"), "rsyslogd listens on /dev/log")
        island.start(["/usr/sbin/sshd", "-D", "-f", f"{ours}/sshd_config"], "sshd.out")
        wait_until(
            lambda: self.log.exists() and "Server listening" in self.log.read_text(), f"sshd listens: {self.log}"
        )
        self._keys = ours

    def new_key(self, owner: str) -> str:
        """Makes a key that may log in; its fingerprint."""
        public = _make_key(self._keys / owner)
        with self._allowed.open("a") as allowed:
            allowed.write(f'command="true",no-pty {public.read_text()}')
        listed = subprocess.run(["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True)
        return listed.stdout.split()[1]

    def login(self, owner: str, source: str) -> None:
        """Logs in with a key from an address, and out again."""
        options = ("BatchMode=yes", "LogLevel=ERROR", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
        command = ["ssh", "-F", "none", "-b", source, "-i", str(self._keys / owner)]
        self._island.run([*command, *(part for option in options for part in ("-o", option)), f"{ACCOUNT}@{HOST}"])


class WebServer:
    """nginx with its own access log in the combined format."""

    def __init__(self, island: Island) -> None:
        self._island = island
        self.log = island.directory / "access.log"
        ours = island.directory / "nginx"
        ours.mkdir(mode=0o755)
        temporary = "".join(
            f"{kind}_temp_path {ours}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (ours / "nginx.conf").write_text(
            f"daemon off; pid {ours}/nginx.pid; events {{}}\n"
            f"http {{ {temporary} access_log {self.log} combined;\n"
            f"  server {{ listen {HOST}:80; location / {{ return 200 'hello'; }} }} }}\n"
        )
        island.start(["nginx", "-c", f"{ours}/nginx.conf", "-e", f"{ours}/error.log"], "nginx.out")
        wait_until(lambda: island.listens(80), "nginx listens")

    def get(self, path: str, source: str) -> bytes:
        """The whole answer to a GET from an address."""
        with self._island.connect(80, source) as sock, sock.makefile("rb") as answer:
            sock.sendall(f"GET {path} HTTP/1.0\r\nUser-Agent: acceptance\r\n\r\n".encode())
            return answer.read()


def _write_accounts(directory: Path) -> None:
    """The machine's accounts and the shared one, for the island alone."""
    (directory / "pam.d").mkdir(parents=True)
    for name, line in (
        ("passwd", f"{ACCOUNT}:x:1999:1999::/tmp:/bin/sh\n"),
        ("shadow", f"{ACCOUNT}:*:19000:0:99999:7:::\n"),
    ):
        (directory / name).write_text(Path("/etc", name).read_text() + line)
    (directory / "shadow").chmod(0o600)
    (directory / "pam.d" / "sshd").write_text(_PAM)


def _make_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)], check=True)
    return path.with_suffix(".pub")


def _set_interface(sock: socket.socket, request: int, name: str, value: bytes) -> None:
    fcntl.ioctl(sock, request, struct.pack("16s24s", name.encode(), value))


def _in_a_thread(work: Callable[[], T]) -> T:
    """Runs `work` in a thread that then ends: entering a namespace must not stick to a thread of the test."""
    outcome: list[T] = []
    trouble: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(work())
        except BaseException as e:
            trouble.append(e)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]
    return outcome[0]


@contextmanager
def _relay(path: Path, connect: Callable[[], socket.socket]) -> Iterator[None]:
    """Joins every client of a Unix socket with a connection of its own. The clients close before the block ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    joined: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return  # shut down: the block has ended
            joined.append(threading.Thread(target=_join, args=(near, connect())))
            joined[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listener.close()
        for thread in joined:
            thread.join()


def _join(near: socket.socket, far: socket.socket) -> None:
    """Carries bytes both ways until one side has closed."""
    other = {near: far, far: near}
    with near, far:
        while True:
            for giving in select.select([near, far], [], [])[0]:
                data = giving.recv(1 << 16)
                if not data:
                    return
                other[giving].sendall(data)
