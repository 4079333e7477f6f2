"""From log lines to an answer: which dangerous statements ran, what came of them, and who stands behind each.

finding.py is the contract; who.py asks, sessions.py and logins.py rebuild, outcome.py and attribution.py judge,
report.py tells. The log is reached only through the `fetch` that the caller hands in.
"""

from whodid.investigate.finding import Alternative, Attribution, Evidence, Finding
from whodid.investigate.report import headline, render
from whodid.investigate.who import Fetch, TooManyStatementsError, find, has_deeds

__all__ = [
    "Alternative",
    "Attribution",
    "Evidence",
    "Fetch",
    "Finding",
    "TooManyStatementsError",
    "find",
    "has_deeds",
    "headline",
    "render",
]
