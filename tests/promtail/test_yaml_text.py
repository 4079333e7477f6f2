"""The text of a converted configuration reads back as what it was made of."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from whodid.document import compose
from whodid.promtail.convert import Converted
from whodid.promtail.yaml_text import whodid_yml
from whodid.promtail.yaml_values import plain_values

TEXTS = st.one_of(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\x85\ufeff\u2028\u2029", exclude_categories=["Cc"]),
        max_size=12,
    ),
    st.sampled_from(
        ["n", "on", "010", "1e3", "~", "", "a\nb", " a\n b\n", "# no", "a: b", "2026-01-05", "${x}", "'", '"']
    ),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.integers(-999, 999), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


def made(source: dict[str, Any], *notes: str) -> str:
    return whodid_yml(
        Converted("http://l:1", "t", "/t", "/p", (source,), (("one comment",),), notes), "/etc/promtail.yml"
    )


@given(st.dictionaries(TEXTS.filter(bool), VALUES, min_size=1, max_size=4))
def test_it_reads_back(source: dict[str, Any]) -> None:
    text = made(source)
    document = compose(text, "x")
    assert document.root is not None, text
    assert plain_values(document, document.root) == {
        "agent": {
            "server": "http://l:1",
            "token_file": "/t",
            "tenant": "t",
            "promtail_positions": "/p",
            "sources": [source],
        }
    }


def test_what_is_to_be_said_stands_in_comments() -> None:
    text = made({"job": "a", "pipeline_stages": [{"labels": {"level": None}}]}, "several\nclients")
    assert (
        text
        == """\
# Converted from /etc/promtail.yml by `whodid agent convert`.
#
# What has no equivalent, or another one:
# - several clients
agent:
  server: http://l:1
  token_file: /t
  tenant: t
  promtail_positions: /p
  sources:
    # one comment
    - job: a
      pipeline_stages:
        - labels:
            level:
"""
    )
    assert yaml.safe_load(text)["agent"]["sources"][0]["job"] == "a"
