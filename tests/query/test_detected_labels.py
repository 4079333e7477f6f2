"""Which labels are shown: no ids, but always those of the infrastructure."""

import pytest

from whodid.query.detected_labels import detected_labels

UUID = "0189d7a2-3f1e-7c55-9c1b-2f7f8f1f4a11"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["prod", "stage"], True),
        (["1", "2"], False),
        (["0", "1"], True),
        (["0"], True),
        (["1.5", "-2e3", "0x1p-2"], False),
        ([UUID, UUID.upper(), f"{{{UUID}}}", f"urn:uuid:{UUID}", UUID.replace("-", "")], False),
        ([UUID, "7"], False),
        ([UUID, "not one"], True),
    ],
)
def test_values_that_are_only_ids_hide_their_label(values: list[str], shown: bool) -> None:
    found = detected_labels([{"label": value} for value in values])
    assert found == ([("label", len(set(values)))] if shown else [])


def test_labels_of_the_infrastructure_are_shown_whatever_their_values() -> None:
    assert detected_labels([{"pod": "1", "namespace": "2", "instance": "3", "cluster": "4", "other": "5"}]) == [
        ("cluster", 1),
        ("instance", 1),
        ("namespace", 1),
        ("pod", 1),
    ]
    assert detected_labels([]) == []
