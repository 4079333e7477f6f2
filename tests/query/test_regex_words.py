"""What a line must hold for a regular expression: known answers, and RE2 as the judge of random ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whodid.query.regex import compiled, unanchored
from whodid.query.regex_words import MAX_WORDS, Words, ascii_lower, regex_words

KNOWN = [
    # expression, words, in lower case, nothing but the words
    ("truncate", ["truncate"], False, True),
    ("(?i)truncate|drop table", ["drop table", "truncate"], True, True),
    ("GET /(api|static)/[0-9]+", ["GET /api/", "GET /static/"], False, False),
    ("short.*a longer one", ["a longer one"], False, False),
    ("user=(?P<name>ana|bo) ", ["user=ana ", "user=bo "], False, True),
    ("^ERROR$", ["ERROR"], False, False),
    (r"\bfatal\b", ["fatal"], False, False),
    ("colou?r", ["color", "colour"], False, True),
    ("a{2,3}bc", ["bc"], False, False),
    (r"\Q[1]*\E+", ["[1]"], False, False),
    (r"\x41\x{42}\103\.", ["ABC."], False, True),
    (r"col\tumn", ["col\tumn"], False, True),
    # Letters that RE2 takes for k and s where case does not matter.
    ("(?i)ok", ["ok", "o\u212a"], True, True),
    ("(?i:Drop) Table", ["drop table"], True, False),
    ("(?i)a(?-i)b", ["ab"], True, False),
    ("x|(?i)y|z", ["x", "y", "z"], True, False),
    ("{not, a repetition}", ["{not, a repetition}"], False, True),
    ("(?i)café", ["caf"], True, False),
]


@pytest.mark.parametrize(("pattern", "words", "folded", "exact"), KNOWN)
def test_known_answers(pattern: str, words: list[str], folded: bool, exact: bool) -> None:
    assert regex_words(pattern) == Words(tuple(sorted(words)), folded, exact)


@pytest.mark.parametrize(
    "pattern", ["", ".*", "a*", "(a|)", "[a-z]+", r"\d", "a|.", "^$", "(?i)é", "(" * 60 + ")" * 60]
)
def test_of_some_nothing_can_be_said(pattern: str) -> None:
    compiled(pattern)
    assert regex_words(pattern) is None


LETTERS = "akKsS\u212a\u017f.é日 "
ATOMS = st.sampled_from(
    [*"akKSs日é ", "ab", "bS", r"\.", ".", "[ak]", "[^s]", r"\d", "^", "$", r"\b", r"\Qa.\E", r"\x6b", "(?i)", "(?-i)"]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.tuples(st.sampled_from(["(", "(?:", "(?i:", "(?-i:"]), inner).map(lambda t: f"{t[0]}{t[1]})")
    repeated = st.tuples(
        group | st.sampled_from(["a", "[ks]", "K"]), st.sampled_from(["*", "+", "?", "{2}", "{0,1}", "+?"])
    )
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        group,
        repeated.map("".join),
    )


PATTERNS = st.recursive(ATOMS, _grown, max_leaves=8)


@settings(max_examples=600, deadline=None)
@given(PATTERNS, st.lists(st.text(LETTERS, max_size=8), min_size=1, max_size=8))
def test_re2_agrees(pattern: str, lines: list[str]) -> None:
    words = regex_words(pattern)
    if words is None:
        return
    assert 0 < len(words.any_of) <= MAX_WORDS and all(words.any_of)
    for line in [*lines, *words.any_of, *(word.upper() for word in words.any_of)]:
        holds = any(word in (ascii_lower(line) if words.folded else line) for word in words.any_of)
        matches = compiled(unanchored(pattern)).search(line) is not None
        assert holds or not matches
        assert not words.exact or matches == holds
