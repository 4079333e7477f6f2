"""The lines of the measurements: the same for the same seed, mixed as promised, with needles in them."""

import itertools
from collections import Counter

import pytest

from benchmarks.lines import PREFIX, RARE_EACH, SOURCES, mixed
from whodid.formats import FormatSettings, make_format

BEGIN_S = 1_700_000_000.0


def test_a_seed_says_all() -> None:
    assert list(mixed(500, BEGIN_S, 0.001)) == list(mixed(500, BEGIN_S, 0.001))
    assert list(mixed(500, BEGIN_S, 0.001)) != list(mixed(500, BEGIN_S, 0.001, seed=12))


def test_instants_rise_evenly() -> None:
    instants = [ns for _, ns, _ in mixed(1000, BEGIN_S, 0.001)]
    assert instants[0] == BEGIN_S * 1e9
    assert {b - a for a, b in itertools.pairwise(instants)} == {1_000_000}


def test_shares_are_kept() -> None:
    count = 20_000
    found = Counter(source for source, _, _ in mixed(count, BEGIN_S, 0.001))
    assert sum(source.share for source in SOURCES) == 100
    for number, source in enumerate(SOURCES):
        assert found[number] / count == pytest.approx(source.share / 100, abs=0.015)


def test_needles_are_rare_and_there() -> None:
    lines = [(source, line) for source, _, line in mixed(2 * RARE_EACH, BEGIN_S, 0.001)]
    for word in ("TRUNCATE", "DROP TABLE"):
        assert [source for source, line in lines if word in line] == [0, 0]
    assert not [line for _, line in lines if "f3a9c1d2" in line], "the absent word"


@pytest.mark.parametrize(("job", "name"), [("database", "postgres"), ("nginx", "nginx_access"), ("auth", "auth")])
def test_formats_understand_them(job: str, name: str) -> None:
    format_ = make_format(name, FormatSettings(line_prefix=PREFIX, year_hint_ns=int(BEGIN_S * 1e9)))
    lines = [line for source, _, line in mixed(2000, BEGIN_S, 0.001) if SOURCES[source].labels["job"] == job]
    assert len(lines) > 20
    assert [line for line in lines if not format_.parse(line).understood] == []
