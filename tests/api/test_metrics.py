"""What /metrics says of the store: every number under its name, and what there is when the engine does not answer."""

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from whodid.api.metrics import of_store
from whodid.store.state import EngineNumbers, StoreState

NUMBERS = EngineNumbers(
    parts=4,
    rows=2_000_000,
    unindexed_rows=70_000,
    disk_bytes=40_000_000,
    memory_bytes=300_000_000,
    merges_running=1,
    merges=17,
    merged_rows=6_000_000,
    merged_bytes=900_000_000,
    merge_s=2.5,
)


def samples(state: StoreState) -> dict[str, float]:
    families = list(text_string_to_metric_families(generate_latest(of_store(state)).decode()))
    assert all(family.documentation for family in families)
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_number_has_its_name() -> None:
    assert samples(StoreState({"read": 2, "append": 0}, NUMBERS)) == {
        "whodid_store_statements{read}": 2,
        "whodid_store_statements{append}": 0,
        "whodid_store_parts": 4,
        "whodid_store_lines": 2_000_000,
        "whodid_store_unindexed_lines": 70_000,
        "whodid_store_disk_bytes": 40_000_000,
        "whodid_store_memory_bytes": 300_000_000,
        "whodid_store_merges_running": 1,
        "whodid_store_merges_total": 17,
        "whodid_store_merged_rows_total": 6_000_000,
        "whodid_store_merged_bytes_total": 900_000_000,
        "whodid_store_merge_seconds_total": 2.5,
    }


def test_a_silent_engine_leaves_its_numbers_out() -> None:
    assert samples(StoreState({"read": 9}, None)) == {"whodid_store_statements{read}": 9}
