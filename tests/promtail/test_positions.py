"""Promtail's positions.yaml."""

import pytest

from whodid.promtail.load import PromtailConfigError
from whodid.promtail.positions import Positions, read_positions


def test_what_promtail_writes() -> None:
    text = """positions:
  /var/log/nginx/access.log: "123456"
  /var/log/bare: 7
  cursor-0a1b: "1767607200"
  journal-old: s=ab;i=1;b=cd;m=1;t=2;x=3
  journal-system: s=ab;i=1;b=cd;m=1;t=2;x=3
  cursor-system: s=ab;i=2;b=cd;m=1;t=2;x=4
  cursor-event-log: "<xml/>"
"""
    assert read_positions(text, "p") == Positions(
        {"/var/log/nginx/access.log": 123456, "/var/log/bare": 7},
        {"old": "s=ab;i=1;b=cd;m=1;t=2;x=3", "system": "s=ab;i=2;b=cd;m=1;t=2;x=4"},
        {"0a1b": 1767607200},
        ("cursor-event-log",),
    )


@pytest.mark.parametrize("text", ["", "positions: {}\n", "positions:\n"])
def test_empty_ones(text: str) -> None:
    assert read_positions(text, "p") == Positions()


@pytest.mark.parametrize("text", ["positions: [a]", "offsets: {}", "{"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(PromtailConfigError, match="p:1:"):
        read_positions(text, "p")
