"""What jobs that make backups say: started, completed, failed, how much, how long. Called by backup.py and programs.py.

The tools' own words first, then those of home-made scripts: a line that speaks of a backup and of how it stands. Texts:
pgBackRest 2, barman 3, pg_basebackup and pg_dump 13 to 18, WAL-G 3, restic 0.16, borg 1, rsync 3, vzdump.
"""

# ruff: noqa: E501 – one pattern a line

import re
from typing import Final

from whodid.formats.message_rules import LONGEST, read_by_rules, rule

_RULES: Final = (
    # pgBackRest
    rule("backup", r"(?:P\d+ +\w+: +)?backup command begin .*?(?:--stanza=(?P<task>\S+).*)?", "started"),
    rule("backup", r"(?:P\d+ +\w+: +)?backup command end: completed.*", "completed"),
    rule("backup", r"(?:P\d+ +\w+: +)?backup command end: (?:aborted|terminated).*", "failed"),
    rule("", r"(?:P\d+ +\w+: +)?(?:[\w:-]+ command (?:begin|end)|new backup label|(?:full|incr|diff) backup size).*"),
    rule("", r"-+PROCESS START-+"),
    # barman
    rule("backup", r"Starting backup using .* for server (?P<task>\S+).*", "started"),
    rule("backup", r"Backup completed \(.*\)", "completed"),
    rule("backup", r"(?:ERROR: )?Backup failed .*", "failed"),
    # PostgreSQL's own
    rule("backup", r"pg_basebackup: base backup completed", "completed"),
    rule("backup", r"pg_basebackup: initiating base backup.*", "started"),
    rule("backup", r"(?:pg_dump|pg_dumpall|pg_basebackup|pg_receivewal|mysqldump|mariadb-dump): (?:error|fatal|Error|Got error|Couldn't).*", "failed"),
    # WAL-G
    rule("backup", r"Doing (?:full|delta) backup.*", "started"),
    rule("backup", r"Wrote backup with name (?P<snapshot>\S+)", "completed"),
    # restic
    rule("backup", r"snapshot (?P<snapshot>[0-9a-f]{8,64}) saved", "completed"),
    rule("backup", r"Fatal: .*(?:repository|backup|snapshot|source).*", "failed"),
    # borg
    rule("backup", r'Creating archive at "(?P<task>.*?)(?:::.*)?"', "started"),
    rule("backup", r"terminating with (?:success|warning) status, rc [01]", "completed"),
    rule("backup", r"terminating with error status, rc \d+", "failed"),
    # rsync
    rule("backup", r"sent (?P<sent>[\d,.]+[KMGTP]?) bytes +received [\d,.]+[KMGTP]? bytes.*", "completed"),
    rule("backup", r"rsync error: .* \(code \d+\).*", "failed"),
    # vzdump
    rule("backup", r"(?:INFO: )?Starting Backup of VM (?P<task>\d+) .*", "started"),
    rule("backup", r"(?:INFO: )?Finished Backup of VM (?P<task>\d+) .*", "completed"),
    rule("backup", r"(?:ERROR: )?Backup of VM (?P<task>\d+) failed.*", "failed"),
)  # fmt: skip
_BACKUP: Final = re.compile(
    r"back(?:ing)?[-_ ]?up|\bsnapshot\b|\bdump(?:ed|ing)?\b|\b(?:archive|vault)d?\b", re.IGNORECASE
)
_FINE: Final = re.compile(
    r"\b(?:0|no|without|zero)(?: \w+)? (?:error|failure|warning)s?\b|\b(?:errors?|failed|failures)[=:] ?0\b"
    r"|\b(?:exit(?:ed)?(?: with)?|return(?:ed)?|rc|status)(?: code| status)?[=: ]+0\b|\bnot failed\b",
    re.IGNORECASE,
)
_OUTCOMES: Final = (
    (
        "failed",
        re.compile(
            r"\b(?:fail(?:ed|ure|s)?|errors?|aborted|abort|fatal|unsuccessful(?:ly)?|cancell?ed|timed out|missing)\b"
            r"|\b(?:not|n't|never) (?:\w+ )?(?:finish(?:ed)?|complet(?:e|ed)|succe(?:ed|eded|ssful))\b"
            r"|\b(?:exit(?:ed)?(?: with)?|return(?:ed)?|rc)(?: code| status)?[=: ]+[1-9]\d*\b",
            re.IGNORECASE,
        ),
    ),
    (
        "completed",
        re.compile(
            r"\b(?:finish(?:ed)?|complet(?:ed?|ion)|done|succe(?:ss|ssful|ssfully|eded)|ok|saved|ended)\b",
            re.IGNORECASE,
        ),
    ),
    ("started", re.compile(r"\b(?:start(?:ed|ing|s)?|beg[iau]n(?:ning)?|running|initiat(?:ed|ing))\b", re.IGNORECASE)),
)
_NAME: Final = r"[\"'`]?(?P<task>[A-Za-z0-9_][\w@./:+-]{0,127}?)[\"'`]?"
_END: Final = r"(?=[\s,;:)(!\"'`\]]|\.?\Z)"
_TASKS: Final = (
    re.compile(rf"\b(?:job|task|stanza|plan|profile|backup_name|name)[=:] ?{_NAME}{_END}", re.IGNORECASE),
    re.compile(rf"\b(?:backup|dump|snapshot) (?:job |task |plan )?(?:of|for) (?:the )?(?:database |db |host |server |volume )?{_NAME}{_END}", re.IGNORECASE),
    re.compile(rf"\bback(?:ed|ing) up (?:the )?(?:database |db |host |server |volume )?{_NAME}{_END}", re.IGNORECASE),
    re.compile(rf"\b(?:backup|dump) (?:job |task |plan ){_NAME}{_END}", re.IGNORECASE),
    re.compile(r"\bbackup[ :]+[\"'`](?P<task>[^\"'`]{1,128})[\"'`]", re.IGNORECASE),
)  # fmt: skip
_NO_TASKS: Final = frozenset({"is", "was", "has", "to", "job", "started", "finished", "completed", "failed", "at"})
_SIZE: Final = re.compile(
    r"(?<![\w.])(\d[\d,]*(?:\.\d+)?) ?(bytes|[kKMGTP]i?B|B|[KMGTP])\b(?!/s)|\b(?:size|bytes)(?:_bytes)?[=:] ?(\d+)\b(?![\w.])"
)
_UNITS: Final = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_DURATION: Final = re.compile(
    r"\((\d+)ms\)|\b(?:duration|elapsed(?: time)?|took|in|time)[=: ]+(?:(\d+):)?(\d{1,3}):(\d\d)\b"
    r"|\b(?:duration|elapsed(?: time)?|took|in|time)[=: ]+(?:(\d+) ?h(?:ours?)?,? ?)?(?:(\d+) ?m(?:in(?:utes?)?)?,? ?)?"
    r"(?:(\d+(?:\.\d+)?) ?(ms|s(?:ec(?:onds?)?)?)?(?![\w.%]))?",
    re.IGNORECASE,
)
_TOOLS: Final = frozenset(
    {"pg_dump", "pg_dumpall", "pg_basebackup", "pgbackrest", "barman", "wal-g", "restic", "borg", "borgmatic", "rsync",
     "rsyncd", "rsnapshot", "duplicity", "vzdump", "kopia", "mysqldump", "mariabackup", "xtrabackup"}
)  # fmt: skip
_PGBACKREST: Final = re.compile(r"P\d{2,} +[A-Z]+: ")
_OWN_WORDS: Final = frozenset({"pgbackrest", "barman"})
"""Tools that archive WAL, check and delete in the same log and in the same words: only the lines known above count."""


def is_backup(program: str) -> bool:
    """Whether a program is known for backups, or says so by its name."""
    return program in _TOOLS or "backup" in program.lower()


def read_backup(program: str, message: str, out: dict[str, str]) -> bool:
    """Adds what a line of a backup job says to `out`; False if it tells nothing of a backup."""
    message = message[:LONGEST]
    if message.startswith("processed "):  # restic's count before the line that says it is saved
        _find_size(message, out)
        _find_duration(message, out)
        return "bytes" in out
    named = is_backup(program)
    exact = program.partition(".")[0] in _OWN_WORDS or _PGBACKREST.match(message) is not None
    known = read_by_rules(_RULES, message, out)
    if not known and not exact:
        _read_words(message, named, out)
    sent = out.pop("sent", "")
    if out.get("operation") == "backup":
        if "task" not in out:
            _find_task(message, out)
        if sent:
            message = f"{sent} bytes"
        _find_size(message, out)
        _find_duration(message, out)
    return known or "operation" in out


def _read_words(message: str, named: bool, out: dict[str, str]) -> None:
    """A script's own words: a backup is spoken of, and how it stands."""
    if not named and not _BACKUP.search(message):
        return
    text = _FINE.sub("success", message)
    for outcome, words in _OUTCOMES:
        if words.search(text):
            out["operation"], out["outcome"] = "backup", outcome
            return


def _find_task(message: str, out: dict[str, str]) -> None:
    for pattern in _TASKS:
        match = pattern.search(message)
        if match is not None and match.group("task").lower() not in _NO_TASKS:
            out["task"] = match.group("task")
            return


def _find_size(message: str, out: dict[str, str]) -> None:
    match = _SIZE.search(message)
    if match is None:
        return
    number, unit, bare = match.groups()
    if bare:
        out["bytes"] = bare
        return
    # `1.2G` and `1.2 GiB` count in 1024, as du and most tools do; GB is 1000 where somebody wrote it out.
    power = _UNITS.get(unit[0].upper(), 0) if unit != "bytes" else 0
    base = 1000 if len(unit) == 2 and unit[1] == "B" else 1024
    out["bytes"] = str(round(float(number.replace(",", "")[:18]) * base**power))


def _find_duration(message: str, out: dict[str, str]) -> None:
    for match in _DURATION.finditer(message):
        ms, hours, minutes, seconds, h, m, s, unit = match.groups()
        if ms:
            out["duration_ms"] = ms
        elif minutes and seconds:
            out["duration_ms"] = str((int((hours or "0")[:6]) * 3600 + int(minutes) * 60 + int(seconds)) * 1000)
        elif h or m or (s and unit):
            total = int((h or "0")[:6]) * 3600 + int((m or "0")[:9]) * 60
            part = float((s or "0")[:18])
            out["duration_ms"] = f"{total * 1000 + (part if unit == 'ms' else part * 1000):.0f}"
        elif s and match.group().lower().startswith(("duration", "elapsed")):
            out["duration_ms"] = f"{float(s[:18]) * 1000:.0f}"
        else:
            continue
        return
