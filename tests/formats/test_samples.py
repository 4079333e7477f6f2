"""Every format against its sample log: the exact attributes and instant of each record (add yours to samples/*.log)."""

from pathlib import Path

import pytest

from kit.log_samples import Sample, join_records, read_samples
from whodid.formats import FORMATS, make_format
from whodid.model.clock import parse_rfc3339

SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize("name", ["auth", "nginx_access", "plain", "postgres", "postgres_csv"])
def test_sample(name: str) -> None:
    settings, samples = read_samples(SAMPLES / f"{name}.log")
    log_format = make_format(name, settings)
    lines = [line for sample in samples for line in sample.record.split("\n")]
    assert join_records(make_format(name, settings), lines) == [sample.record for sample in samples]
    for sample in samples:
        check(sample, log_format.parse(sample.record))


def check(sample: Sample, parsed: object) -> None:
    attributes, ns = parsed.attributes, parsed.ns  # type: ignore[attr-defined]
    assert parsed.understood == sample.understood, f"{sample.where}: {sample.record}"  # type: ignore[attr-defined]
    if sample.understood:
        assert attributes == sample.expected, f"{sample.where}: {sample.record}"
    assert ns == (parse_rfc3339(sample.instant) if sample.instant else None), f"{sample.where}: {sample.record}"


def test_every_sample_file_is_used() -> None:
    assert {path.stem for path in SAMPLES.glob("*.log")} <= set(FORMATS)
    assert len(read_samples(SAMPLES / "postgres.log")[1]) >= 40
    assert len(read_samples(SAMPLES / "auth.log")[1]) >= 40
