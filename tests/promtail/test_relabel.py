"""Relabelling: rules with what they make of labels."""
# ruff: noqa: E501 – one case a line

from typing import Any

import pytest

from whodid.promtail import PipelineError, Relabel
from whodid.promtail.relabel import public

LABELS = {"job": "Web", "__meta_container": "/shop_web_1", "pod": "a", "empty": ""}


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ({"source_labels": ["__meta_container"], "regex": "/(.*)", "target_label": "container"}, {"container": "shop_web_1"}),
        ({"source_labels": ["job", "pod"], "separator": "/", "target_label": "both"}, {"both": "Web/a"}),
        ({"source_labels": ["job"], "regex": "(?P<x>W)eb", "target_label": "l_${x}", "replacement": "$x$x"}, {"l_W": "WW"}),
        ({"source_labels": ["job"], "regex": "eb", "target_label": "x"}, {}),
        ({"target_label": "env", "replacement": "prod"}, {"env": "prod"}),
        ({"target_label": "shard", "replacement": 5}, {"shard": "5"}),
        ({"source_labels": ["none"], "target_label": "pod"}, {"pod": None}),
        ({"source_labels": ["job"], "action": "Lowercase", "target_label": "job"}, {"job": "web"}),
        ({"source_labels": ["job"], "action": "uppercase", "target_label": "job"}, {"job": "WEB"}),
        ({"source_labels": ["pod"], "action": "hashmod", "modulus": 10, "target_label": "n"}, {"n": "7"}),
        ({"action": "labelmap", "regex": "__meta_(.+)", "replacement": "c_$1"}, {"c_container": "/shop_web_1"}),
        ({"action": "labeldrop", "regex": "p.d"}, {"pod": None}),
        ({"action": "labelkeep", "regex": "job|__.*"}, {"pod": None}),
        ({"action": "keep", "source_labels": ["job"], "regex": "Web|Api"}, {}),
        ({"action": "drop", "source_labels": ["job"], "regex": "We"}, {}),
        ({"action": "keepequal", "source_labels": ["job"], "target_label": "job"}, {}),
        ({"action": "dropequal", "source_labels": ["job"], "target_label": "pod"}, {}),
    ],
)  # fmt: skip
def test_rules(rule: dict[str, Any], change: dict[str, str | None]) -> None:
    expected = {name: value for name, value in {**LABELS, **change}.items() if value}
    assert Relabel([rule]).apply(LABELS) == expected


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "keep", "source_labels": ["job"], "regex": "We"},
        {"action": "drop", "source_labels": ["job", "none"], "regex": "Web;"},
        {"action": "keepequal", "source_labels": ["job"], "target_label": "pod"},
        {"action": "dropequal", "source_labels": ["job"], "target_label": "job"},
    ],
)
def test_targets_are_dropped(rule: dict[str, Any]) -> None:
    assert Relabel([rule]).apply(LABELS) is None


def test_rules_work_on_what_the_ones_before_left_and_a_dot_is_a_line_break_too() -> None:
    rules = [{"target_label": "a", "replacement": "1"}, {"source_labels": ["a"], "target_label": "b"}]
    assert Relabel(rules).apply({}) == {"a": "1", "b": "1"}
    assert Relabel([{"action": "keep", "source_labels": ["a"], "regex": "x.y"}]).apply({"a": "x\ny"}) == {"a": "x\ny"}
    assert public({"__meta_x": "1", "a": "2"}) == {"a": "2"}


def test_hashmod_is_prometheus() -> None:
    """The last eight bytes of the MD5 sum, as a number."""
    rule = {"action": "hashmod", "source_labels": ["a", "b"], "modulus": 1 << 63, "target_label": "h"}
    found = Relabel([rule]).apply({"a": "x", "b": "y"})
    assert found is not None
    assert found["h"] == "6179665173386524430"  # printf 'x;y' | md5sum: …d5c294bbe28e770e


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"action": "replace"}, "relabel_configs[0].target_label: replace needs a target_label"),
        ({"action": "hashmod", "target_label": "a"}, "modulus: hashmod needs a modulus above 0"),
        ({"action": "map"}, "must be one of replace, keep"),
        ({"target_label": "a", "regex": "("}, "relabel_configs[0].regex: error parsing regexp: missing closing ): `(`"),
        ({"target_label": "a", "target": "b"}, "there is no key 'target'; known keys: source_labels"),
        ({"action": "labeldrop", "source_labels": ["a"]}, "source_labels: labeldrop takes only regex"),
        ({"action": "lowercase", "target_label": "a", "replacement": "x"}, "lowercase takes only"),
        ({"source_labels": "a", "target_label": "b"}, "must be a list of labels, such as [__path__], not the text 'a'"),
        ({"source_labels": [5], "target_label": "b"}, "each must be the name of a label"),
        ({"action": "labelmap", "replacement": ""}, "labelmap needs a replacement"),
        ({"action": "hashmod", "target_label": "a", "modulus": -1}, "must be a whole number above 0"),
        ({"target_label": ["a"]}, "must be a text, not a list"),
        ("x", "must be a mapping, not the text 'x'"),
    ],
)  # fmt: skip
def test_no_rules(rule: Any, message: str) -> None:
    with pytest.raises(PipelineError) as caught:
        Relabel([rule])
    assert message in str(caught.value)
