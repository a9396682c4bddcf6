"""Node.js with the npm packages that Slugline is compared with."""

import json
import os
import shutil
from pathlib import Path

import pytest

__all__ = ["NPM", "find_node"]

NPM = Path(__file__).parent / "npm"


def find_node() -> str:
    """Give the path of the program; skips, or fails in CI, where it or a package is missing."""
    node = shutil.which("node")
    if node is None:
        _lacking("Node.js is not installed.")
    wanted = json.loads((NPM / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        installed = NPM / "node_modules" / name / "package.json"
        if not installed.is_file() or json.loads(installed.read_text())["version"] != version:
            _lacking(f"The npm package {name} {version} is not installed: run scripts/install-npm-packages.sh, as `make test` does.")
    return str(node)


def _lacking(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
