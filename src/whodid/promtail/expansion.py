"""Variables in a promtail.yml, as Promtail's flag `-config.expand-env=true` puts them in before it reads the file.

`${VAR}` is the variable's value, `${VAR:-default}` the default where it is unset or empty; `$1` and `$VAR` stay as they
are. Without the flag nothing is put in, so this is asked for. Source: Promtail's manual, "Use environment variables".
"""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*))?\}")


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """The text with its variables put in. One that is unset and has no default is empty."""
    return _VARIABLE.sub(lambda match: environment.get(match[1]) or match[2] or "", text)
