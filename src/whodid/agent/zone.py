"""The host's time zone, by name, so that instants on both sides of a clock change are read right."""

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def host_zone(root: Path = Path("/")) -> tzinfo:
    """`TZ`, else what /etc/localtime links to or holds, else UTC."""
    if name := os.environ.get("TZ", "").lstrip(":"):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC
    localtime = root / "etc/localtime"
    try:
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return UTC
