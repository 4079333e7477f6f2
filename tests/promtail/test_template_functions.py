"""Every function of Promtail's templates that Loki's do not have, with a case; Loki's are in tests/query."""
# ruff: noqa: E501 – one case a line

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.promtail.sprig_lists import LISTS
from whodid.promtail.sprig_texts import MORE_TEXTS
from whodid.promtail.template import program
from whodid.promtail.template_functions import FUNCTIONS
from whodid.templates.dates import DATES
from whodid.templates.errors import TemplateError
from whodid.templates.numbers import NUMBERS
from whodid.templates.texts import TEXTS

DATA = {"user": "dana", "mail": "dana@example.org", "path": "/var/log/app.log", "s": "Two Words"}
CASES = {
    '{{ Hash "a" .user | len }} {{ Sha2Hash "" "" | trunc 8 }}': "64 e3b0c442",
    '{{ sha1sum "" | trunc 4 }} {{ sha256sum "" | trunc 4 }} {{ sha512sum "" | trunc 4 }} {{ adler32sum "abc" }}': "da39 e3b0 cf83 38600999",
    '{{ regexReplaceAll "(.*)@.*" .mail "${1}@x" }} {{ regexReplaceAllLiteral "a" .user "$1" }}': "dana@x d$1n$1",
    '{{ regexMatch "^d" .user }} {{ regexFind "[a-z]+" .mail }} {{ regexFindAll "a." .mail 2 }} {{ regexQuoteMeta "a.b" }}': "true dana [an a@] a\\.b",
    '{{ cat "a" nil 1 }}|{{ quote .user 5 }}|{{ squote "x" }}': 'a 1|"dana" "5"|\'x\'',
    '{{ abbrev 5 "hello world" }} {{ nospace "a b " }} {{ initials .s }} {{ untitle .s }} {{ swapcase .s }}': "he... ab TW two words tWO wORDS",
    '{{ snakecase "FirstName" }} {{ kebabcase "FirstName" }} {{ camelcase "http_server" }}': "first_name first-name HttpServer",
    '{{ plural "one" "many" 2 }} {{ plural "one" "many" 1 }} {{ wrap 5 "ab cd ef" }}': "many one ab cd\nef",
    '{{ toString 5 }} {{ list 1 "<a>" | toJson }} {{ dict "a" 1 | toRawJson }}': '5 [1,"\\u003ca\\u003e"] {"a":1}',
    '{{ b32enc "ab" }} {{ b32dec "MFRA====" }}': "MFRA==== ab",
    '{{ base .path }} {{ dir .path }} {{ ext .path }} {{ clean "a//b/../c" }}': "app.log /var/log .log a/c",
    '{{ empty "" }} {{ coalesce "" 0 "x" }} {{ ternary "a" "b" false }} {{ all 1 "" }} {{ any 1 "" }}': "true x b false true",
    '{{ typeOf .user }} {{ kindOf (list) }} {{ kindIs "map" (dict) }}': "string slice true",
    '{{ list 1 2 | join "-" }} {{ tuple 1 }} {{ join "," "x" }}': "1-2 [1] x",
    '{{ splitList "," "a,b" }} {{ (split "," "a,b")._1 }} {{ sortAlpha (list "b" "a") }} {{ toStrings (list 1) }}': "[a b] b [a b] [1]",
    "{{ first (list 1 2) }}{{ last (list 1 2) }}{{ rest (list 1 2 3) }}{{ initial (list 1 2 3) }}": "12[2 3][1 2]",
    "{{ append (list 1) 2 }}{{ prepend (list 1) 0 }}{{ concat (list 1) (list 2) }}{{ reverse (list 1 2) }}": "[1 2][0 1][1 2][2 1]",
    '{{ compact (list "" 1) }}{{ uniq (list 1 1 2) }}{{ has 1 (list 1) }}{{ without (list 1 2) 1 }}': "[1][1 2]true[2]",
    "{{ until 3 }}{{ untilStep 0 6 2 }}{{ until -2 }}": "[0 1 2][0 2 4][0 -1]",
    '{{ $d := dict "a" 1 }}{{ $_ := set $d "b" 2 }}{{ get $d "b" }}{{ hasKey $d "c" }}{{ keys $d }}{{ values $d }}': "2false[a b][1 2]",
    '{{ $d := dict "a" 1 "b" 2 }}{{ pick $d "a" }}{{ omit $d "a" }}{{ unset $d "a" }}': "map[a:1]map[b:2]map[b:2]",
    '{{ $d := dict }}{{ set $d "a" (list $d) }}': "! a dict cannot hold itself",
    '{{ fail "no" }}': "! no",
    "{{ first .user }}": "! cannot find a list",
    '{{ keys "x" }}': "! cannot find a dict",
    '{{ regexMatch "(" "x" }}': "! missing closing )",
    '{{ b32dec "1" }}': "Incorrect padding",
}
VALUES = st.one_of(
    st.text(max_size=8), st.integers(-9, 10**20), st.floats(), st.none(), st.just([1, "a"]), st.just({"a": 1})
)
BY_TYPE = {
    "string": st.text(max_size=12), "int": st.integers(-9, 9), "float64": st.floats(), "bool": st.booleans(),
    "interface {}": VALUES,
}  # fmt: skip


@pytest.mark.parametrize(("template", "expected"), CASES.items(), ids=[text[:40] for text in CASES])
def test_case(template: str, expected: str) -> None:
    if not expected.startswith("! "):
        assert program(template).run(dict(DATA)) == expected
        return
    with pytest.raises(TemplateError) as caught:
        program(template).run(dict(DATA))
    assert expected[2:] in str(caught.value)


def test_every_function_has_a_case() -> None:
    text = " ".join(CASES)
    shared = {**TEXTS, **DATES, **NUMBERS}
    assert [name for name in FUNCTIONS if name not in shared and f"{name} " not in text] == []
    assert {*MORE_TEXTS, *LISTS} <= FUNCTIONS.keys()
    assert not shared.keys() & {*MORE_TEXTS, *LISTS}


@given(st.data())
def test_no_function_raises_but_its_failure(data: st.DataObject) -> None:
    called = FUNCTIONS[data.draw(st.sampled_from(sorted({*MORE_TEXTS, *LISTS, "Hash", "regexFindAll"})))]
    takes = [*called.takes, *([called.rest] * 2 if called.rest else [])]
    with contextlib.suppress(TemplateError):
        called.call(*[data.draw(BY_TYPE[kind]) for kind in takes])
