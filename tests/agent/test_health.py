"""The line the agent logs about itself."""

from whodid.agent.health import Health


def test_summary_names_only_what_happened() -> None:
    health = Health(entries_sent=10, batches_sent=2, lag_bytes={"/l/a.log": 5, "/l/b.log": 50})
    assert health.summary() == "10 entries sent in 2 pushes, 2 files, 55 bytes behind (most: /l/b.log)"
    health.entries_refused = 3
    health.lag_bytes = {}
    assert health.summary() == "10 entries sent in 2 pushes, 0 files, 0 bytes behind, entries refused: 3"
