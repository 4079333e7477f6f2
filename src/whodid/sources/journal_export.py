"""The Journal Export Format, as `journalctl --output=export` writes it: bytes in, records out. Pure.

A record is fields up to an empty line; a field is `NAME=value`, or, where the value is no printable text, the name, 64
bits of its length, and the value. Unlike `--output=json` nothing is left out for its size and no byte needs a guess,
and a huge field can be cut while the rest of its record is read. Source: systemd.io/JOURNAL_EXPORT_FORMATS.
"""

from collections.abc import Mapping
from typing import Final

Fields = Mapping[str, str | list[str]]
"""One record; a name that occurs several times has a list."""

_SIZE_BYTES: Final = 8
_NAME_BYTES: Final = 64  # systemd's own limit
_MANY: Final = 1024  # fields of a record, systemd's own limit


class ExportParser:
    """Cuts a stream of records. Holds at most one of them, within bounds."""

    def __init__(self, max_field_bytes: int, max_record_bytes: int) -> None:
        self._max_field = max_field_bytes
        self._max_record = max_record_bytes
        self._data = b""
        self._fields: dict[str, str | list[str]] = {}
        self._record_bytes = 0
        self._cut: tuple[str, bytes, int] | None = None  # a field that is too long: name, what is kept, bytes left out
        self._rest: int | None = None  # how many bytes of that field are still to come; None: up to the newline
        self.malformed = 0
        """How many lines were no field."""

    def feed(self, data: bytes) -> list[Fields]:
        """The records that `data` completes."""
        self._data += data
        records: list[Fields] = []
        at = 0
        while True:
            if self._cut is not None:
                at = self._skip(at)
                if self._cut is not None:
                    break
            end = self._field(at, records)
            if end is None:
                break
            at = end
        self._data = self._data[at:]
        return records

    def _field(self, at: int, records: list[Fields]) -> int | None:
        """Reads the field or the end of a record at `at`; where the next begins, None if it is not there as a whole."""
        data = self._data
        end = data.find(b"\n", at)
        if end < 0:
            if len(data) - at > self._max_field + _NAME_BYTES:
                return self._begin_cut_text(at)
            return None
        if end == at:
            if self._fields:
                records.append(self._fields)
            self._fields, self._record_bytes = {}, 0
            return at + 1
        equals = data.find(b"=", at, end)
        if equals >= 0:
            self._keep(data[at:equals], data[equals + 1 : end], 0)
            return end + 1
        return self._binary(at, end)

    def _binary(self, at: int, end: int) -> int | None:
        data, begin = self._data, end + 1 + _SIZE_BYTES
        name = data[at:end]
        if len(name) > _NAME_BYTES or not name.replace(b"_", b"").isalnum():
            self.malformed += 1
            return end + 1
        if len(data) < begin:
            return None
        size = int.from_bytes(data[end + 1 : begin], "little")
        if size > self._max_field:
            self._cut, self._rest = (name.decode("ascii", "replace"), b"", 0), size
            return begin
        if len(data) < begin + size + 1:
            return None
        self._keep(name, data[begin : begin + size], 0)
        return begin + size + 1  # behind its newline

    def _begin_cut_text(self, at: int) -> int:
        equals = self._data.find(b"=", at, at + _NAME_BYTES + 1)
        name = self._data[at:equals] if equals >= 0 else b""
        self._cut, self._rest = (name.decode("ascii", "replace"), b"", 0), None
        return equals + 1 if equals >= 0 else at

    def _skip(self, at: int) -> int:
        """Goes on through a field that is too long."""
        assert self._cut is not None
        name, kept, left_out = self._cut
        if self._rest is None:
            end = self._data.find(b"\n", at)
            stop = len(self._data) if end < 0 else end
            done = end >= 0
        else:
            stop = min(len(self._data), at + self._rest)
            self._rest -= stop - at
            done = self._rest == 0 and stop < len(self._data)
        part = self._data[at:stop]
        room = self._max_field - len(kept)
        kept, left_out = kept + part[:room], left_out + max(0, len(part) - room)
        if not done:
            self._cut = (name, kept, left_out)
            return stop
        self._keep(name.encode("ascii", "replace"), kept, left_out)
        self._cut = self._rest = None
        return stop + 1

    def _keep(self, name: bytes, value: bytes, left_out: int) -> None:
        if not name:
            self.malformed += 1
            return
        if len(value) > self._max_field:
            value, left_out = value[: self._max_field], left_out + len(value) - self._max_field
        bookkeeping = name.startswith(b"__")
        if not bookkeeping and (self._record_bytes + len(value) > self._max_record or len(self._fields) >= _MANY):
            room = max(0, self._max_record - self._record_bytes)
            left_out += len(value) - room
            value = value[:room]
        self._record_bytes += len(value)
        text = value.decode("utf-8", "replace")
        if left_out:
            text += f"… [whodid: field cut here, {left_out} more bytes]"
        key = name.decode("ascii", "replace")
        before = self._fields.get(key)
        if before is None:
            self._fields[key] = text
        elif isinstance(before, list):
            before.append(text)
        else:
            self._fields[key] = [before, text]
