"""Names that parsers find, made valid label names, remembered: the same few hundred keys come with every line."""

import re
from functools import lru_cache

from whodid.model.labels import sanitize_label_name


@lru_cache(maxsize=8192)
def sanitized(key: str, part: bool = False) -> str:
    """A label name of a parsed key; `part` when it follows a prefix, where a leading digit is allowed."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", key.strip()) if part else sanitize_label_name(key)
