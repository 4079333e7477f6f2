"""One look at spooled bodies before anything is promised: how many lines they hold, and whether all of them are good.

The engine decodes the rows and answers with six numbers; Python touches no line. Nearly always all is good, and the
bodies go on as they are. Where it is not, staging.py finds out which line it is. Called by commit.py, in its thread.
"""

from dataclasses import dataclass

from whodid.ingest import decode
from whodid.ingest.levels import names_a_level
from whodid.ingest.limits import Limits
from whodid.store.store import Connection, StoreError

MALFORMED_CODES = frozenset(
    (
        "UNKNOWN_PROTOBUF_FORMAT",
        "PROTOBUF_BAD_CAST",
        "CANNOT_READ_ALL_DATA",
        "ATTEMPT_TO_READ_AFTER_EOF",
        "LOGICAL_ERROR",
    )
)
"""What the engine says of bytes that are no PushRequest (LOGICAL_ERROR: of lengths beyond any memory). Every other
failure is the engine's own: the client must come again, or its lines would be lost."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an acceptable line keeps to."""

    low_ns: int
    high_ns: int
    """The line's instant: low_ns ≤ ts ≤ high_ns."""
    line_bytes: int
    metadata_bytes: int
    metadata_names: int

    @classmethod
    def of(cls, limits: Limits, now_ns: int) -> "Bounds":
        return cls(
            now_ns - limits.reject_older_ns,
            now_ns + limits.creation_grace_ns,
            limits.max_line_bytes,
            limits.max_metadata_bytes,
            limits.max_metadata_names,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file of rows holds."""

    streams: int
    """Rows that stand where they were put."""
    lines: int
    metadata: bool
    """Some line has structured metadata."""
    levels: bool
    """Some line's metadata may state a level."""
    label_levels: bool
    """Some stream's labels name a level."""
    odd: bool = False
    """Some line is too old, too new, too long or has metadata that cannot be stored as it is."""

    def __add__(self, other: "Facts") -> "Facts":
        """Of both files, one behind the other."""
        return Facts(
            self.streams + other.streams,
            self.lines + other.lines,
            self.metadata or other.metadata,
            self.levels or other.levels,
            self.label_levels or other.label_levels,
            self.odd or other.odd,
        )


_METADATA, _LEVEL, _ODD = 1, 2, 3
"""Kinds of lines; what is told of one kind may be so of those before it."""
NOTHING = Facts(0, 0, metadata=False, levels=False, label_levels=False)


def facts(connection: Connection, path: str, schema: str, bounds: Bounds) -> Facts:
    """Raises StoreError; with a code of MALFORMED_CODES if the bytes are no rows."""
    odd = (
        f"({decode.NS} AS ts) < {bounds.low_ns} OR ts > {bounds.high_ns} OR length({decode.LINE}) > {bounds.line_bytes}"
        f" OR {odd_metadata(decode.NAMES, decode.VALUES, bounds)}"
    )
    # One look at each line: the engine plans a second one as long as this.
    kind = f"multiIf({odd}, {_ODD}, empty({decode.NAMES}), 0, {names_a_level(decode.NAMES)}, {_LEVEL}, {_METADATA})"
    table = connection.select(
        f"""SELECT countIf(number = rowNumberInAllBlocks() + 1), sum({decode.COUNT}), max({decode.most(kind)}),
            max(label_level != '')
        FROM {decode.source(path)} {decode.settings(schema)}"""
    )
    streams, lines, most, label_levels = (column[0].as_py() for column in table.columns)
    return Facts(streams, lines, most >= _METADATA, most >= _LEVEL, bool(label_levels), most == _ODD)


def odd_metadata(names: str, values: str, bounds: Bounds) -> str:
    """SQL: some name is no label's name or stands twice, some value is no UTF-8, or they are too many.

    The texts are looked at together: one look at a long text costs less than several at its pieces.
    """
    return (
        f"(notEmpty({names}) AND (length({names}) > {bounds.metadata_names} OR length({names}) != arrayUniq({names}) "
        f"OR match(arrayStringConcat({names}, ',') AS all_names, '[^a-zA-Z0-9_,]|(^|,)([0-9,]|$|_([^_]|$))') "
        f"OR countSubstrings(all_names, ',') >= length({names}) "
        f"OR NOT isValidUTF8(all_names) OR NOT isValidUTF8(arrayStringConcat({values}) AS all_values) "
        f"OR length(all_names) + length(all_values) > {bounds.metadata_bytes}))"
    )


def fitting(connection: Connection, path: str, schema: str, bounds: Bounds, streams: int) -> Facts | None:
    """The facts of these many streams if they can be stored as they are; None if they need a closer look."""
    try:
        found = facts(connection, path, schema, bounds)
    except StoreError:
        return None  # looked at one by one, it turns out whether a body is to blame or the engine
    return None if found.odd or found.streams != streams else found
