"""Records into entries: labels of their own, what is left out, and where in the file each entry ends."""

from collections.abc import Mapping

from kit.agent_parts import EPOCH_S, StillClock
from whodid.agent.encode import PlainEncoder, Ready, Surroundings
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.labelling import Labelling
from whodid.agent.misread import Misread
from whodid.agent.records import Records
from whodid.agent.settings import SourceSettings
from whodid.formats.format import Parsed
from whodid.model.clock import SECOND


class Boxed:
    """`container text`: the first word is a label of the record; `?` is not understood, `!` raises."""

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        if record == "!":
            raise ValueError("a bug")
        name, _, text = record.partition(" ")
        return Parsed(text, {}, EPOCH_S * SECOND, record != "?", {"container": name} if name != "-" else None)


def encode(texts: list[str], labelling: Labelling, health: Health | None = None, max_age_ns: int = 0) -> Ready:
    clock = StillClock()
    around = Surroundings(
        "j", "/a.log", labelling, Instants(), clock, health or Health(), Misread(SourceSettings("j", "x")), max_age_ns
    )
    encoder = PlainEncoder(Boxed(), around)
    attempted = list(texts)
    ends = [10 * (n + 1) for n in range(len(texts))]
    ready = encoder.encode(Records(texts, ends, [None] * len(texts)))
    assert encoder.skipped == (0 if ready.entries else 10 * len(attempted))
    return ready


def test_labels_of_records_name_their_streams() -> None:
    ready = encode(["a one", "- two", "b three"], Labelling({"job": "d"}))
    assert ready.labels == ['{container="a", job="d"}', '{job="d"}', '{container="b", job="d"}']


def test_without_labels_of_records_there_is_nothing_to_say() -> None:
    assert encode(["- one"], Labelling({"job": "d"})).labels is None


def drop_a(labels: Mapping[str, str]) -> Mapping[str, str] | None:
    return None if labels.get("container") == "a" else labels


def test_what_relabelling_drops_is_left_out_and_its_bytes_count_to_the_one_before() -> None:
    ready = encode(["a 1", "b 2", "a 3", "a 4", "b 5", "a 6"], Labelling({"job": "d"}, drop_a))
    assert len(ready.entries) == 2
    assert ready.ends == [40, 60]


def test_all_dropped_is_passed_over() -> None:
    assert encode(["a 1", "a 2"], Labelling({"job": "d"}, drop_a)).entries == []


def test_a_source_that_is_dropped_keeps_what_records_bring_back() -> None:
    def only_b(labels: Mapping[str, str]) -> Mapping[str, str] | None:
        return labels if labels.get("container") == "b" else None

    ready = encode(["- 1", "b 2", "- 3"], Labelling({"job": "d"}, only_b))
    assert (ready.labels, ready.ends) == (['{container="b", job="d"}'], [30])


def test_what_is_too_old_is_left_out_and_counted() -> None:
    health = Health()
    ready = encode(["a 1", "a 2"], Labelling({"job": "d"}), health, max_age_ns=SECOND)
    assert len(ready.entries) == 2  # the clock stands at the stated instant
    assert encode(["a 1"], Labelling({}), health, max_age_ns=-SECOND).entries == []
    assert health.entries_too_old == 1


def test_what_is_not_understood_is_sent_and_counted_by_file() -> None:
    health = Health()
    assert len(encode(["?", "!", "a b"], Labelling({"job": "d"}), health).entries) == 3
    assert health.unparsed == {"/a.log": 2}
    assert health.format_failures == 1
