"""Literals: whatever text goes in comes out of the engine unchanged, and stays data."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.chdb_store import shared_store
from whodid.store.sql import number_list, quote, quote_list

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.lists(
    st.sampled_from(
        ["'", "\\", "\0", "\n", "\r", "\t", "\b", "--", "/*", "{x:String}", ";", "''", "\\'", "ü", "😀", "$$", "`", '"']
    )
).map("".join)


@given(st.lists(TEXT, max_size=30))
@settings(max_examples=60)
async def test_text_comes_back_from_the_engine_unchanged(texts: list[str]) -> None:
    table = await shared_store().select(
        f"SELECT {quote_list(texts)}::Array(String) AS texts, {quote(''.join(texts))} AS joined"
    )
    assert table["texts"][0].as_py() == texts
    assert table["joined"][0].as_py() == "".join(texts)


@pytest.mark.parametrize(
    "text",
    [
        "'",
        "\\",
        "\\'",
        "' OR 1=1 --",
        "\\\\' UNION SELECT 1 --",
        "'; DROP TABLE lines; --",
        "\0'",
        "{a:String}",
        "\\x27",
    ],
)
async def test_an_attempt_to_break_out_is_only_text(text: str) -> None:
    table = await shared_store().select(f"SELECT {quote(text)} AS text, length({quote(text)}) AS size")
    assert table.to_pylist() == [{"text": text, "size": len(text.encode())}]


@given(st.text())
def test_a_literal_is_always_utf8(text: str) -> None:
    assert quote(text).encode().decode().startswith("'")


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    assert quote("a\ud800b") == "'a?b'"


async def test_numbers_are_exact() -> None:
    numbers = [0, 1, (1 << 64) - 1, 1 << 63]
    table = await shared_store().select(f"SELECT CAST({number_list(numbers)}, 'Array(UInt64)') AS n")
    assert table["n"][0].as_py() == numbers
    assert number_list([]) == "[]"
    assert quote_list([]) == "[]"
