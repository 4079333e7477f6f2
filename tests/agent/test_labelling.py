"""Labels of records: the source's, the record's own, relabelling over both."""

from collections.abc import Mapping

from whodid.agent.labelling import Labelling


def test_usual_labels_are_the_sources() -> None:
    labelling = Labelling({"job": "web", "empty": "", "__path__": "/x"})
    assert labelling.of(None) == labelling.usual == ({"job": "web"}, '{job="web"}')


def test_a_records_own_labels_come_beside_them() -> None:
    labelling = Labelling({"job": "docker", "host": "a"})
    known = labelling.of({"container": "shop", "host": "b"})
    assert known is not None
    assert known[1] == '{container="shop", host="b", job="docker"}'
    assert labelling.of({"container": "shop", "host": "b"}) is known  # worked out once


def test_relabelling_sees_what_the_transport_found_and_may_leave_out() -> None:
    def relabel(labels: Mapping[str, str]) -> Mapping[str, str] | None:
        if labels.get("__unit") == "noise.service":
            return None
        return {**labels, "unit": labels.get("__unit", "")}

    labelling = Labelling({"job": "journal"}, relabel)
    assert labelling.of({"__unit": "noise.service"}) is None
    assert labelling.of({"__unit": "cron.service"}) == (
        {"job": "journal", "unit": "cron.service"},
        '{job="journal", unit="cron.service"}',
    )


def test_names_that_are_no_label_names_are_left_out() -> None:
    assert Labelling({"job": "a"}).of({"com.example/x": "1"}) == ({"job": "a"}, '{job="a"}')
