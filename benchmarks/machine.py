"""What a run was made on: processor, kernel and versions, so that two reports can be told apart."""

import datetime
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NODE_MODULES = Path(__file__).parent.parent / "tests" / "npm" / "node_modules"


def describe_machine(cores: tuple[set[int], set[int]]) -> dict[str, str]:
    """Say on what, when and where a run is made."""
    server, load = cores
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%d %B %Y, %H:%M UTC"),
        "processor": f"{find_processor()}, {os.cpu_count()} cores",
        "cores": f"server on {sorted(server) or 'any'}, load on {sorted(load) or 'any'}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Node.js": find_node_version(),
        "commit": find_commit(),
    }


def find_processor() -> str:
    """Read the processor's name, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def find_node_version() -> str:
    """Ask Node.js, when it is there."""
    return read_output(["node", "--version"]) or "not installed" if shutil.which("node") else "not installed"


def find_commit() -> str:
    """Ask git what is measured; a "+" says that files were changed since."""
    folder = str(Path(__file__).parent)
    commit = read_output(["git", "-C", folder, "rev-parse", "--short", "HEAD"])
    changed = read_output(["git", "-C", folder, "status", "--porcelain", "--untracked-files=no"])
    return (commit or "unknown") + ("+" if changed else "")


def read_output(command: Sequence[str]) -> str:
    """Run a command and give what it prints; "" when it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20, stdin=subprocess.DEVNULL).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def find_versions(names: Sequence[str]) -> str:
    """Give "granian 2.8.7, msgspec 0.22.0" of distributions; "npm:next" is an npm package and "node" is Node.js."""
    return ", ".join(f"{name.removeprefix('npm:')} {find_version(name)}" for name in names)


def find_version(name: str) -> str:
    """Give the version of one."""
    if name == "node":
        return find_node_version()
    if name == "python":
        return sys.version.split()[0]
    try:
        if name.startswith("npm:"):
            return str(json.loads((NODE_MODULES / name[4:] / "package.json").read_text())["version"])
        return importlib.metadata.version(name)
    except (OSError, KeyError, importlib.metadata.PackageNotFoundError):
        return "unknown"
