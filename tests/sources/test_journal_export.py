"""The export format, cut anywhere: the same records, bounded, and the text of a hostile field ends none."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kit.journals import export_text
from whodid.sources.journal_export import ExportParser, Fields

NAMES = st.sampled_from(["MESSAGE", "_PID", "A", "B_C", "__CURSOR"])
VALUES = st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"\n\n", b"X=1\n\nMESSAGE=forged\n", b"=", b"a" * 90]))
RECORDS = st.lists(st.dictionaries(NAMES, VALUES, min_size=1), max_size=5)


def feed(data: bytes, cuts: list[int], max_field: int = 1 << 20, max_record: int = 1 << 20) -> list[Fields]:
    parser = ExportParser(max_field, max_record)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    found = [fields for a, b in pairwise(edges) for fields in parser.feed(data[a:b])]
    assert parser.malformed == 0
    return found


@given(RECORDS, st.lists(st.integers(0, 1 << 16), max_size=12))
def test_any_cut_gives_the_same_records(records: list[dict[str, bytes]], cuts: list[int]) -> None:
    data = b"".join(export_text(n, fields) for n, fields in enumerate(records))
    found = feed(data, cuts)
    assert [{name: fields[name] for name in record} for fields, record in zip(found, records, strict=True)] == [
        {name: value.decode("utf-8", "replace") for name, value in record.items()} for record in records
    ]


@given(RECORDS, st.lists(st.integers(0, 1 << 16), max_size=12))
def test_long_fields_are_cut_and_nothing_else(records: list[dict[str, bytes]], cuts: list[int]) -> None:
    data = b"".join(export_text(n, fields) for n, fields in enumerate(records))
    found = feed(data, cuts, max_field=70)
    for fields, record in zip(found, records, strict=True):
        for name, value in record.items():
            if len(value) > 70 and value.isascii() and b"\n" not in value:
                assert fields[name] == "a" * 70 + f"… [whodid: field cut here, {len(value) - 70} more bytes]"
            else:
                assert fields[name] == value.decode("utf-8", "replace")


def test_memory_is_bounded() -> None:
    parser = ExportParser(1000, 2000)
    for _ in range(100):
        parser.feed(b"MESSAGE=" + b"x" * 10_000 if parser._cut is None else b"x" * 10_000)
    assert len(parser._data) < 2000
    [fields] = parser.feed(b"\nA=" + b"b" * 900 + b"\nB=" + b"b" * 900 + b"\nC=ccc\n__CURSOR=c\n\n")
    assert str(fields["MESSAGE"]).startswith("x" * 1000 + "…")
    assert str(fields["B"]).startswith("b" * 100 + "…")
    assert fields["__CURSOR"] == "c"


def test_a_field_twice_is_a_list_and_what_is_no_field_is_counted() -> None:
    parser = ExportParser(100, 1000)
    assert parser.feed(b"A=1\nA=2\nA=3\n\n") == [{"A": ["1", "2", "3"]}]
    assert parser.feed(b"-- no entries --\n\nA=1\n\n") == [{"A": "1"}]
    assert parser.malformed == 1
