"""The indexes of the lines' grams: hints by which the engine passes over what cannot hold the text that is sought.

They are Bloom filters (store/schema.sql) of every five characters that follow each other in lines, in lower case: a
small one for each granule and a large one for 64 of them, so that a search does not grow with all the small ones. They
exist for parts that have settled (ingest/indexing.py); all others are read. A hint changes no answer, so that it is
kept apart from conditions. Called by planner.py.
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
