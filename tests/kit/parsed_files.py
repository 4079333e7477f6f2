"""Log files read with the agent's own formats into rows: for tests that need what a store would answer, without one."""

from pathlib import Path

from whodid.formats.factory import make_format
from whodid.formats.format import FormatSettings
from whodid.model.result import Row


def rows_of_file(path: Path, job: str, format_name: str, settings: FormatSettings) -> list[Row]:
    """Every record of the file, numbered in the file's order."""
    reader = make_format(format_name, settings)
    records: list[str] = []
    for line in path.read_text().splitlines():
        if records and reader.continues(line, records[-1]):
            records[-1] += f"\n{line}"
        else:
            records.append(line)
    labels = {"job": job, "host": "prod", "filename": str(path)}
    rows = []
    for number, record in enumerate(records, 1):
        parsed = reader.parse(record)
        rows.append(Row(parsed.ns or 0, parsed.line, labels, parsed.attributes, {}, number))
    return rows
