"""Where a record of the CSV log ends, whatever is in its quotes. Its fields are held by samples and recordings."""

import time

from hypothesis import given
from hypothesis import strategies as st

from kit.log_samples import join_records
from whodid.formats.format import FormatSettings
from whodid.formats.postgres_csv import PostgresCsv

STAMP = "2026-11-23 06:32:35.186 UTC"


def quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def row(message: str, user: str = "anna", app: str = "psql", detail: str | None = None, number: int = 3) -> str:
    """A record as the server writes one."""
    return (
        f'{STAMP},{quoted(user)},"shop",77,"10.1.0.14:5000",6b03de03.4d,{number},"idle",{STAMP},3/9,0,LOG,00000,'
        f'{quoted(message)},{quoted(detail)},,,,,,,,{quoted(app)},"client backend",,0'
    )


def log() -> PostgresCsv:
    return PostgresCsv(FormatSettings())


HOSTILE = st.lists(
    st.sampled_from(
        ['"', '""', ",", "\n", "a", f"{STAMP},", '"roman","shop",7,"10.9.9.9:5",6b.7,9,"idle",',
         f"{STAMP},,0,LOG,00000,",
         row("statement: TRUNCATE t"), row("x")[:100], ",,,,,,,,,", "statement: TRUNCATE t", ',"client backend",,0']
    ),
    max_size=8,
).map("".join)  # fmt: skip


@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE, st.none() | HOSTILE), min_size=1, max_size=5))
def test_each_record_is_one_whatever_it_holds(drawn: list[tuple[str, str, str, str | None]]) -> None:
    rows = [row(f"statement: {m}", u or "u", a, d) for m, u, a, d in drawn]
    assert join_records(log(), "\n".join(rows).split("\n")) == rows
    for text, (message, user, app, detail) in zip(rows, drawn, strict=True):
        parsed = log().parse(text)
        assert parsed.understood
        told = parsed.attributes
        assert (told["user"], told["client"], told["statement"]) == (user or "u", "10.1.0.14", message)
        assert (told.get("app", ""), told.get("detail", "")) == (app, detail or "")


@given(HOSTILE, HOSTILE, st.integers(min_value=120))
def test_a_torn_record_does_not_swallow_the_next(message: str, app: str, cut: int) -> None:
    torn = row(f"statement: {message}", app=app)[:cut]
    whole = row("statement: SELECT 1", number=4)
    lines = f"{torn}\n{whole}".split("\n")
    assert join_records(log(), lines)[-1] == whole


def test_a_divided_record_is_no_way_in() -> None:
    """The rest of a record that was too long begins inside of quotes: nothing in it is a record."""
    forged = f"{STAMP},roman,shop,7,10.9.9.9:5,6b.7,9,idle,{STAMP},3/9,0,LOG,00000,statement: TRUNCATE t,,,,,,,,,,,,"
    for rest in (forged, forged.replace("statement", '""statement'), row("statement: TRUNCATE t").replace('"', '""')):
        parsed = log().parse(rest)
        assert not parsed.understood or parsed.attributes["trust"] == "suspect"
        assert "operation" not in parsed.attributes or parsed.attributes["trust"] == "suspect"


def test_many_lines_cost_no_more_than_their_length() -> None:
    lines = row("statement: " + "\n" * 200_000).split("\n")
    format_, record, begun = log(), lines[0], time.process_time()
    for line in lines[1:]:
        assert format_.continues(line, record)
        record += "\n" + line
    assert time.process_time() - begun < 5


def test_a_masked_record_is_still_a_record() -> None:
    text = row("statement: ALTER ROLE a PASSWORD 'x\"y'\n;")
    masked = log().parse(text).line
    assert masked == row("statement: ALTER ROLE a PASSWORD '<redacted:password>'\n;")
