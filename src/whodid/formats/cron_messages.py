"""What cron, crontab, anacron, run-parts and systemd say of work that is done by the clock.

Called by programs.py. Texts: Vixie cron as in Debian, cronie as in RHEL, anacron 2.3, systemd 240 to 257.
"""

# ruff: noqa: E501 – one pattern a line

from typing import Final

from whodid.formats.message_rules import Rule, read_by_rules, rule

_CRON: Final = (
    rule("cron_job", r"\((?P<user>[^)]*)\) CMD \( *(?P<command>.*)\)", "started"),
    rule("cron_job", r"\((?P<user>[^)]*)\) CMDEND \( *(?P<command>.*)\)", "completed"),
    rule("cron_job", r"\((?P<who>CRON)\) error \(grandchild #(?P<child>\d+) failed with exit status (?P<exit_status>\d+)\)", "failed"),
    rule("", r"\((?P<user>[^)]*)\) CMDOUT \(.*\)"),
    rule("cron_job", r"\((?P<user>[^)]*)\) MAIL \(.*but got status 0x0*[1-9a-f][0-9a-f]*.*\)", "failed"),
    rule("cron_error", r"\((?P<user>[^)]*)\) (?:AUTH|WRONG FILE OWNER|INSECURE MODE|BAD FILE MODE|NUMBER OF HARD LINKS[^(]*|"
         r"FAILED|BAD COMMAND|ERROR|PAM ERROR|ORPHAN|UNSAFE|CAN'T \w+|DEATH|NOT A REGULAR FILE)[^(]*\((?P<reason>.*)\)", "failed"),
    rule("cron_error", r"\((?P<user>[^)]*)\) (?:ERROR|FAILED|error) ?(?P<reason>.*)", "failed"),
    rule("", r"\([^)]*\) (?:INFO|info|STARTUP|RELOAD|MAIL|TABLE|LOAD|SKIPPED|OUTPUT|EXEC FAILED|SHUTDOWN).*"),
)  # fmt: skip
_CRONTAB: Final = (
    rule("crontab_changed", r"\((?P<user>[^)]*)\) (?:REPLACE|DELETE) \((?P<target>[^)]*)\)"),
    rule("cron_error", r"\((?P<user>[^)]*)\) AUTH \((?P<reason>.*)\)", "failed"),
    rule("", r"\((?P<user>[^)]*)\) (?:BEGIN EDIT|END EDIT|LIST) \((?P<target>[^)]*)\)"),
)
_ANACRON: Final = (
    rule("cron_job", r"Job [`'](?P<task>[^']+)' started", "started"),
    rule("cron_job", r"Job [`'](?P<task>[^']+)' terminated \(exit status: (?P<exit_status>[1-9]\d*)\).*", "failed"),
    rule("cron_job", r"Job [`'](?P<task>[^']+)' terminated.*", "completed"),
    rule("", r"(?:Anacron|Will run job|Jobs will be executed|Normal exit|Received SIG|Updated timestamp).*"),
)
_RUN_PARTS: Final = (
    rule("cron_job", r"\((?P<directory>[^)]*)\) starting (?P<task>\S+)", "started"),
    rule("cron_job", r"\((?P<directory>[^)]*)\) finished (?P<task>\S+)", "completed"),
)
_UNIT: Final = r"(?P<unit>[\w@.:\\-]+\.(?:service|timer|socket|mount|target|scope|slice|path|device|swap))"
_SYSTEMD: Final = (
    rule("unit_failed", rf"{_UNIT}: (?:Failed with result '(?P<reason>[^']+)'\.?|.*start request repeated too quickly.*)", "failed"),
    rule("unit_failed", rf"Failed to start {_UNIT}(?: - .*|\.)", "failed"),
    rule("unit_started", rf"Started {_UNIT}(?: - .*|\.)", "completed"),
    rule("unit_finished", rf"Finished {_UNIT}(?: - .*|\.)", "completed"),
    rule("unit_stopped", rf"Stopped {_UNIT}(?: - .*|\.)", "completed"),
    rule("", rf"{_UNIT}: .*"),
    rule("session_opened", r"pam_unix\(systemd-user:session\): session opened for user (?P<user>[^\s(]+).*"),
    rule("", r".*"),
)  # fmt: skip
_BY_PROGRAM: Final[dict[str, tuple[Rule, ...]]] = {
    **dict.fromkeys(("cron", "CRON", "/usr/sbin/cron", "/USR/SBIN/CRON", "crond", "CROND", "/usr/sbin/crond"), _CRON),
    "crontab": _CRONTAB,
    "anacron": _ANACRON,
    "run-parts": _RUN_PARTS,
    "systemd": _SYSTEMD,
}
CRON_PROGRAMS: Final = frozenset(_BY_PROGRAM)


def read_cron_message(program: str, message: str, out: dict[str, str]) -> bool:
    """Adds what one of CRON_PROGRAMS says to `out`."""
    if not read_by_rules(_BY_PROGRAM[program], message, out):
        return False
    for name in ("who", "child", "directory"):
        out.pop(name, None)
    return True
