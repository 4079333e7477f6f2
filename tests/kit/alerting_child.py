"""A process that judges lines, one commit each, and tells a webhook. It is killed on purpose (test_crash.py).

Arguments: a folder for the journal and the outbox, the webhook's URL, how many lines there are, and how many the store
has committed at the start.
"""

import asyncio
import sys
from pathlib import Path

from kit.rule_store import RuleStore
from whodid.logql import parse
from whodid.model.clock import SystemClock
from whodid.notify import Outbox, QueueFile, RetrySettings, Webhook, WebhookSettings
from whodid.rules import Evaluator, Journal, Scheduler, load_text

RULES = """
groups:
  - name: g
    rules:
      - alert: Truncate
        expr: '{job="database"} | operation="TRUNCATE"'
        annotations: {count: "{{ $value }}"}
"""


async def main(folder: Path, url: str, lines: int, committed: int) -> None:
    clock, store = SystemClock(), RuleStore()
    for n in range(lines):
        store.add(n + 1, {"job": "database"}, {"operation": "TRUNCATE", "user": "raz"})
    outbox = Outbox(
        QueueFile(folder / "outbox.sqlite"),
        [Webhook(WebhookSettings("w", url), clock)],
        clock,
        retry=RetrySettings(first_pause_s=0.01, longest_pause_s=0.05),
    )
    journal = Journal(folder / "rules.sqlite")
    evaluator = Evaluator(
        load_text(RULES, "r", parse).checked().groups,
        query=store.query,
        committed=store.committed,
        notify=outbox.put,
        journal=journal,
        clock=clock,
    )
    await evaluator.start(committed)

    async def wait_commit(seq: int) -> int:
        if seq >= lines:
            await asyncio.Event().wait()
        await asyncio.sleep(0.002)
        return seq + 1

    never = asyncio.Event()
    scheduler = Scheduler(evaluator, wait_commit, clock, journal.prune_history)
    await asyncio.gather(scheduler.run(never), outbox.run(never))


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
