"""The stages by the names that configurations use. One file each."""

from typing import Final

from whodid.promtail.stages import (
    cri,
    decolorize,
    docker,
    drop,
    json,
    labelallow,
    labeldrop,
    labels,
    limit,
    logfmt,
    match,
    metrics,
    multiline,
    output,
    pack,
    regex,
    replace,
    sampling,
    static_labels,
    structured_metadata,
    template,
    tenant,
    timestamp,
)
from whodid.promtail.stages.stage import Factory

STAGES: Final[dict[str, Factory]] = {
    # parsing
    "docker": docker.make,
    "cri": cri.make,
    "regex": regex.make,
    "json": json.make,
    "logfmt": logfmt.make,
    "replace": replace.make,
    "multiline": multiline.make,
    # transforming
    "template": template.make,
    "pack": pack.make,
    "decolorize": decolorize.make,
    # acting
    "timestamp": timestamp.make,
    "output": output.make,
    "labels": labels.make,
    "labeldrop": labeldrop.make,
    "labelallow": labelallow.make,
    "static_labels": static_labels.make,
    "structured_metadata": structured_metadata.make,
    "non_indexed_labels": structured_metadata.make,
    "tenant": tenant.make,
    "metrics": metrics.make,
    "limit": limit.make,
    "sampling": sampling.make,
    # filtering
    "match": match.make,
    "drop": drop.make,
}
REFUSED: Final[dict[str, str]] = {
    "geoip": "looks addresses up in a database, which whodid does not ship; take the stage out",
    "eventlogmessage": "reads the event log of Windows, where whodid does not run; take the stage out",
    "pipeline": "is no stage that one can write, neither here nor in Promtail; write its stages one after another",
}
"""Stages that Promtail names and that are not run here, each with what to do."""

__all__ = ["REFUSED", "STAGES"]
