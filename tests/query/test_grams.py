"""Hints for the index of grams: nothing is lost by them, and the engine reads less."""

import random

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.query import grams
from whodid.query.planner import Plan, plan
from whodid.query.statements import where

GRANULE = 4096
WORDS = ("alpha", "beta", "gamma", "delta", "it's", "100%_", "שלום עולם", "back\\slash", "ΣΊΣΥΦΟΣ")


def planned(bench: QueryBench, query: str) -> Plan:
    tree = parse(query)
    assert isinstance(tree, LogQuery)
    return plan(tree, bench.index.streams(bench.tenant))


@pytest.mark.parametrize(
    ("query", "hints"),
    [
        ('{a="b"} |= "TRUNCATE"', ["truncate"]),
        ('{a="b"} |= "TRUNCATE" or "DROP TABLE"', ["truncate", "drop table"]),
        ('{a="b"} |~ "(?i)drop (table|trigger)"', ["drop table", "drop trigger"]),
        ('{a="b"} |> "<_>: statement: <_> ok"', [": statement: "]),
        ('{a="b"} |= ip("10.0.12.0/24")', ["10.0.12."]),
        ('{a="b"} |= "four" |= "seven"', ["seven"]),
        ('{a="b"} |= "seven" or "four"', []),
        ('{a="b"} |~ "seven|[0-9]+"', []),
        ('{a="b"} != "seven"', []),
        ('{a="b"} | line_format "x" |= "seven"', []),
        ('{a="b"} | json | level="error" |= "seven"', ["seven"]),
    ],
)
async def test_what_a_query_must_find(bench: QueryBench, query: str, hints: list[str]) -> None:
    expected = (grams.hint(hints),) if hints else ()
    assert planned(bench, query).hints == expected


async def test_with_the_index_the_same_is_found_and_less_is_read(bench: QueryBench) -> None:
    dice = random.Random(5)
    texts = [" ".join(dice.choices(WORDS[:4], k=4)) for _ in range(3 * GRANULE)]
    for place, word in ((100, WORDS[4]), (GRANULE + 5, WORDS[5]), (2 * GRANULE + 7, WORDS[6]), (9, WORDS[7])):
        texts[place] += f" {word} Needle{place}"
    texts[-1] = WORDS[8]
    await bench.load({"a": "b"}, [(BASE_NS + i, text, {}) for i, text in enumerate(texts)])
    day = BASE_NS // 86_400_000_000_000
    await bench.store.write(f"OPTIMIZE TABLE lines PARTITION {day} FINAL")
    for index in ("coarse_grams", "grams"):
        await bench.store.write(
            f"ALTER TABLE lines MATERIALIZE INDEX {index} IN PARTITION {day} SETTINGS mutations_sync = 2"
        )
    for sought in ("Needle100", f"needle{GRANULE + 5}", *WORDS, "שלום", "σίσυφος", "absent altogether"):
        assert await bench.texts(f'{{a="b"}} |= `{sought}`', limit=5000) == [t for t in texts if sought in t][:5000]
    assert await bench.texts('{a="b"} |~ "(?i)NEEDLE100|absent"') == [texts[100]]
    assert len(await bench.texts('{a="b"} |~ "(?i)needle[0-9]+"')) == 4
    everything = await read(bench, '{a="b"}')
    assert await read(bench, '{a="b"} |= "Needle100"') < everything
    assert await read(bench, '{a="b"} |~ "(?i)ABSENT ALTOGETHER"') == 0


async def read(bench: QueryBench, query: str) -> int:
    """Granules that the engine would look into."""
    condition = where(planned(bench, query), BASE_NS, BASE_NS + 10**9)
    table = await bench.store.select(f"SELECT * FROM (EXPLAIN ESTIMATE SELECT line FROM lines WHERE {condition})")
    return sum(table["marks"].to_pylist()) if table.num_rows else 0
