"""How bytes arrive, one transport per file. Knows nothing of formats, labels or servers; called by the agent.

Members: `files.FileSource` (paths and globs, through rotation and truncation).
"""

from whodid.sources.descriptors import Descriptors
from whodid.sources.files import FileSource
from whodid.sources.lines import LineSplitter
from whodid.sources.source import Feed, News, Place, Source
from whodid.sources.wake import Waker

__all__ = ["Descriptors", "Feed", "FileSource", "LineSplitter", "News", "Place", "Source", "Waker"]
