"""Starts a server on an empty store, asks it the recorded questions of `../shared/conformance`, and ends it.

The recorded metric answers depend on the base instant (docs/design/0004-aligned-steps.md): this picks the latest one
that has the remainders of the recording. Arguments are handed on, such as `--only json --show 5`.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from kit.processes import Installation  # noqa: E402  (tests/ is no package: it has to be on the path first)

RUNNER = ROOT.parent / "shared" / "conformance" / "run.py"


def fitting_base() -> int:
    """Seconds of the latest base instant before the last 70 minutes that has the recording's remainders."""
    base = int(time.time()) // 60 * 60 - 4200
    while base % 300 != 180 or base % 77 != 55:
        base -= 60
    return base


def main() -> int:
    """The runner's exit status."""
    if not RUNNER.is_file():
        print(f"no recordings at {RUNNER}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="whodid-conformance-") as name:
        whodid = Installation(Path(name))
        try:
            whodid.start("server")
            command = [sys.executable, str(RUNNER), whodid.url, "--base", str(fitting_base()), *sys.argv[1:]]
            return subprocess.run(command, check=False).returncode
        finally:
            whodid.stop()


if __name__ == "__main__":
    sys.exit(main())
