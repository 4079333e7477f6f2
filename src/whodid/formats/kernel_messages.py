"""What the kernel says that concerns an audit: packets that a firewall logs, processes killed, access denied, disks.

Called by programs.py for syslog, kern.log and the journal. Texts: Linux 4 to 6 (nf_log_syslog.c, oom_kill.c, the block
layer, ext4 and XFS, AppArmor, SELinux), ufw, firewalld, Shorewall.
"""

# ruff: noqa: E501 – one pattern a line

import re
from ipaddress import IPv6Address
from typing import Final

from whodid.formats.message_rules import read_by_rules, rule

_UPTIME: Final = re.compile(r"(?:<\d{1,3}>)?\[ *\d+\.\d+\] ?(?:\[ *[TC]\d+\] )?", re.ASCII)
_PACKET: Final = re.compile(
    r"(?:\[(?P<boxed>[^\[\]]{1,64})\] ?|(?P<bare>[^=]{0,64}?)[: ]*)IN=(?P<fields>\S* OUT=.*)", re.DOTALL
)
_FIELD: Final = re.compile(r"(\w+)=(\S*)")
_KEPT: Final = (
    ("SRC", "client"),
    ("DST", "target_address"),
    ("DPT", "port"),
    ("SPT", "source_port"),
    ("PROTO", "protocol"),
)
_BLOCKS: Final = re.compile(r"BLOCK|DROP|DENY|DENIED|REJECT|BLACKLIST|BANNED", re.IGNORECASE)
_ALLOWS: Final = re.compile(r"ALLOW|ACCEPT|PASS", re.IGNORECASE)

_RULES: Final = (
    rule("oom_kill", r"(?:Memory cgroup out of memory|Out of memory)[^:]*: Kill(?:ed)? process (?P<pid>\d+) \((?P<process>.*?)\)[ ,].*"),
    rule("oom_kill", r"Killed process (?P<pid>\d+) \((?P<process>.*?)\)[ ,].*"),
    rule("", r"(?P<process>\S+) invoked oom-killer: .*"),
    rule("", r"oom[-_](?:kill:constraint|reaper: reaped).*"),
    rule("segfault", r"(?:traps: )?(?P<process>.+)\[(?P<pid>\d+)\]:? (?:segfault at |general protection|trap ).*"),
    rule("disk_error", r"(?:blk_update_request: |print_req_error: )?(?:critical )?(?:I/O|medium|target|protection|nospace) error, dev (?P<device>\w+),.*"),
    rule("disk_error", r"Buffer I/O error on dev(?:ice)? (?P<device>[\w-]+),.*"),
    rule("disk_error", r"EXT\d-fs error \(device (?P<device>[\w-]+)\).*"),
    rule("disk_error", r"(?:EXT\d-fs|XFS|BTRFS|F2FS-fs)[ :](?:\w+:? ){0,3}\(?(?:device )?(?P<device>[\w-]+)\)?:? .*(?:error|orruption|read-only|shut).*"),
    rule("disk_error", r"(?P<device>ata\d+\.\d+|nvme\w*): (?:failed command|I/O \d+ .*timeout|controller is down).*"),
    rule("hung_task", r"INFO: task (?P<process>.*):(?P<pid>\d+) blocked for more than \d+ seconds\..*"),
    rule("syn_flood", r"(?:TCP: )?(?:request_sock_\w+: )?Possible SYN flooding on port (?:\[?[\w.:]*\]?:)?(?P<port>\d+)\..*"),
    rule("boot", r"Linux version \d.*"),
    rule("promiscuous", r"(?:device )?(?P<interface>[\w.@-]+):? entered promiscuous mode"),
)  # fmt: skip
_DENIED: Final = re.compile(r'apparmor="DENIED"|\bavc: +denied ', re.IGNORECASE)
_AUDITED: Final = re.compile(r'\b(\w+)=(?:"([^"]*)"|(\S+))')


def read_kernel(message: str, out: dict[str, str]) -> bool:
    """Adds what the kernel says to `out`. The kernel says a lot: what concerns nobody is understood too."""
    uptime = _UPTIME.match(message)
    text = message[uptime.end() :] if uptime else message
    packet = _PACKET.fullmatch(text) if "SRC=" in text else None
    if packet is not None:
        _read_packet(packet, out)
    elif _DENIED.search(text):
        _read_denial(text, out)
    else:
        read_by_rules(_RULES, text, out)
    return True


def _read_packet(packet: re.Match[str], out: dict[str, str]) -> None:
    """Behind the fields of an ICMP error follow, in brackets, those of the packet it tells of: not the sender's."""
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall("IN=" + packet.group("fields").partition(" [SRC=")[0]):
        fields.setdefault(name, value)
    prefix = (packet.group("boxed") or packet.group("bare") or "").strip(' :"')
    if prefix:
        out["prefix"] = prefix
    out["operation"] = "blocked" if _BLOCKS.search(prefix) else "allowed" if _ALLOWS.search(prefix) else "packet"
    for name, attribute in _KEPT:
        value = fields.get(name)
        if value:
            out[attribute] = value.lower() if attribute == "protocol" else _address(value) if ":" in value else value
    interface = fields.get("IN") or fields.get("OUT")
    if interface:
        out["interface"] = interface


def _address(text: str) -> str:
    """The kernel writes all zeros of an IPv6 address; as everybody else writes it, it can be found in other logs."""
    try:
        return str(IPv6Address(text))
    except ValueError:
        return text


def _read_denial(text: str, out: dict[str, str]) -> None:
    fields: dict[str, str] = {}
    for name, quoted, bare in _AUDITED.findall(text):
        fields.setdefault(name, quoted or bare)
    out["operation"], out["outcome"] = "denied", "failed"
    for name, attribute in (("comm", "process"), ("pid", "pid"), ("profile", "profile"), ("name", "path")):
        if fields.get(name):
            out[attribute] = fields[name]
