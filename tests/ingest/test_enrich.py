"""The labels that are added on arrival."""

import pytest

from whodid.ingest.enrich import SERVICE_NAME_LABELS, level_of_labels, with_service_name


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({}, "unknown_service"),
        ({"host": "prod"}, "unknown_service"),
        ({"job": "database"}, "database"),
        ({"job": "j", "container": "c"}, "c"),
        ({"job": "j", "container": "c", "app": "a"}, "a"),
        ({"service": "s", "app": "a"}, "s"),
        ({"service_name": "mine", "service": "s"}, "mine"),
    ],
)
def test_the_first_candidate_names_the_service(labels: dict[str, str], name: str) -> None:
    before = dict(labels)
    assert with_service_name(labels) == {**labels, "service_name": name}
    assert labels == before


def test_every_candidate_is_better_than_those_after_it() -> None:
    for n in range(len(SERVICE_NAME_LABELS)):
        labels = {name: name for name in SERVICE_NAME_LABELS[n:]}
        assert with_service_name(labels)["service_name"] == SERVICE_NAME_LABELS[n]


@pytest.mark.parametrize(
    ("labels", "level"),
    [
        ({}, ""),
        ({"job": "error"}, ""),
        ({"level": "WARN"}, "warn"),
        ({"severity": "err"}, "error"),
        ({"level": "info", "detected_level": "fatal"}, "fatal"),
        ({"lvl": "dbg", "level": "inf"}, "info"),
        ({"level": "verbose"}, "verbose"),
    ],
)
def test_the_level_of_labels(labels: dict[str, str], level: str) -> None:
    assert level_of_labels(labels) == level
