"""How many files may be open at once: a followed file is an open one, so that rotation cannot take it away.

One count for all sources of an agent. What the agent needs for itself – its state, its server, looking into
directories – is never given to a log: without that nothing would be sent at all.
"""

import contextlib
import resource

RESERVED = 64
_NO_LIMIT = 1 << 30


def raise_limit() -> int:
    """Takes as many as the system allows this process (the usual soft limit is only 1024); how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # refused in some containers: the soft limit stays
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _NO_LIMIT if limit == resource.RLIM_INFINITY else limit


class Descriptors:
    """A count, and its limit."""

    def __init__(self, limit: int = _NO_LIMIT) -> None:
        self._limit = limit
        self.taken = 0

    @property
    def has_room(self) -> bool:
        return self.taken < self._limit - RESERVED

    def take(self) -> None:
        self.taken += 1

    def give_back(self, count: int) -> None:
        self.taken -= count

    def explain(self, path: str) -> str:
        """For whoever must do something about it."""
        return (
            f"{path} and perhaps others are not read: {self.taken} files are open, and this process may open "
            f"{self._limit}. Set LimitNOFILE= in the agent's systemd unit (or ulimit -n) higher, or follow fewer files"
        )
