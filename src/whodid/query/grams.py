"""The index of the lines' grams: hints by which the engine passes over granules that cannot hold what is sought.

The index (`grams` in store/schema.sql) is a Bloom filter of every five characters that follow each other in a granule's
lines, in lower case. It exists for parts that have settled (ingest/indexing.py); all others are read. A hint changes
no answer, so that it is kept apart from conditions. Called by planner.py.
"""

from collections.abc import Sequence

from whodid.store.sql import quote_list

LENGTH = 5
"""Characters of a gram, as in store/schema.sql: words shorter than this are in no index."""


def hint(words: Sequence[str]) -> str:
    """SQL for WHERE: rows without any of the words (in lower case) need not be read. Empty: all must be."""
    if not words or min(map(len, words)) < LENGTH:
        return ""
    return f"indexHint(multiSearchAny(lower(line), {quote_list(words)}))"
