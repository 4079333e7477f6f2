"""SQL reads the numbers that it does not doubt as Go does, to the last bit."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.chdb_store import shared_store
from kit.column_bench import NUMBERS
from whodid.model.go_numbers import parse_duration_s, parse_float
from whodid.query.columns import Aliases, unwrapped_number
from whodid.query.go_values import parse_size_bytes
from whodid.query.statements import with_definitions
from whodid.store.sql import quote

READERS = {None: parse_float, "duration": parse_duration_s, "bytes": parse_size_bytes}
USUAL = {None: {"0", "5", "-5", "12", "1.5"}, "duration": {"5s", "250ms"}, "bytes": {"10MB", "5kb"}}
DIGITS = st.from_regex(r"-?[0-9]{1,45}(\.[0-9]{1,45})?", fullmatch=True)
UNITS = st.from_regex(r"[0-9]{1,7}(\.[0-9]{1,7})?(ns|us|ms|s|m|h)", fullmatch=True)
SIZES = st.from_regex(r"[0-9]{1,7} ?([kmgKMG]i?)?[bB]?", fullmatch=True)


def said(texts: list[str], conversion: str | None) -> dict[str, float]:
    """The numbers that SQL is sure of."""
    aliases = Aliases()
    number = unwrapped_number("text", conversion, aliases)
    sql = (
        f"{with_definitions(aliases.definitions)}SELECT text, toFloat64({number.value}) AS number, "
        f"toBool({number.read}) AS sure "
        f"FROM (SELECT arrayJoin([{', '.join(map(quote, texts))}]) AS text)"
    )
    rows = asyncio.run(shared_store().select(sql)).to_pylist()
    return {row["text"]: row["number"] for row in rows if row["sure"]}


@pytest.mark.parametrize("conversion", READERS)
@settings(max_examples=25, deadline=None)
@given(st.lists(DIGITS | UNITS | SIZES | st.sampled_from(NUMBERS), min_size=20, max_size=60))
def test_numbers(conversion: str | None, texts: list[str]) -> None:
    for text, number in said([*texts, *NUMBERS], conversion).items():
        assert number == READERS[conversion](text), text


@pytest.mark.parametrize("conversion", READERS)
def test_the_usual_ones_are_in_no_doubt(conversion: str | None) -> None:
    assert said(list(NUMBERS), conversion).keys() >= USUAL[conversion]
