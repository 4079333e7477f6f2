"""Pipelines with what becomes of lines: cases/*.yml, a file per stage. Each stage has its cases there.

A case: `about`, `stages`, `lines`, then `gives` (a list of entries: the line alone, or a mapping with `line`, `labels`
beside those given, `meta`, `at`, `tenant`, `records`) or `refused` (what the error says). `labels` are {job: shop} unless
given; `later` is how many seconds pass before the lines behind `- after:` come.
"""
# ruff: noqa: E501 – one case a line

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.pipelines import made
from whodid.document import compose
from whodid.model.clock import format_rfc3339
from whodid.promtail import PipelineEntry, PipelineError
from whodid.promtail.stages import REFUSED, STAGES
from whodid.promtail.yaml_values import plain_values

FILES = sorted((Path(__file__).parent / "cases").glob("*.yml"))


def cases() -> Iterator[Any]:
    for file in FILES:
        document = compose(file.read_text(), file.name)
        assert document.root is not None, document.mistakes
        for case in plain_values(document, document.root):  # type: ignore[attr-defined]
            yield pytest.param(case, id=f"{file.stem}: {case['about']}")
        assert document.mistakes == []


@pytest.mark.parametrize("case", list(cases()))
def test_case(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(PipelineError) as caught:
            made(case["stages"])
        assert case["refused"] in str(caught.value)
        return
    given = case.get("labels", {"job": "shop"})
    pipeline, clock, out, number = made(case["stages"]), made.clock, [], 0
    for line in case["lines"]:
        if isinstance(line, dict):
            clock.ns += int(line["after"] * 10**9)
            out += pipeline.flush(False)
            continue
        out += pipeline.feed(PipelineEntry(dict(given), line, first=number, last=number))
        number += 1
    out += pipeline.flush(True)
    wanted = [entry if isinstance(entry, dict) else {"line": entry} for entry in case["gives"]]
    assert [shown(entry, given, one) for entry, one in zip(out, wanted, strict=False)] == wanted
    assert len(out) == len(wanted)
    assert pipeline.counters.dropped == case.get("dropped", pipeline.counters.dropped)


def shown(entry: PipelineEntry, given: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
    """What is to be said of an entry: everything that is not as usual, and what the case speaks of."""
    labels = {name: value for name, value in entry.labels.items() if given.get(name) != value}
    gone = {name: None for name in given if name not in entry.labels}
    said = {
        "line": entry.line,
        "labels": {**labels, **gone},
        "meta": entry.metadata,
        "at": "" if entry.ns is None else format_rfc3339(entry.ns),
        "tenant": entry.tenant,
        "records": f"{entry.first}-{entry.last}",
    }
    return {key: value for key, value in said.items() if key in wanted or (value and key != "records")}


def test_every_stage_has_cases() -> None:
    assert {name for name in STAGES if name not in {file.stem for file in FILES}} == {"non_indexed_labels"}
    text = "".join(file.read_text() for file in FILES)
    assert [name for name in ("non_indexed_labels", *REFUSED) if name not in text] == []
