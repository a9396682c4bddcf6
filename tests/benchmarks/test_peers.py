"""The peers name files that are there and tasks that exist; none of them has to be installed."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# A process of its own: `servers` is another module to the tests.
DESCRIBE = """
import json
from peers import NEXT, NEXT_SITE, PEERS
from tasks import TASKS
print(json.dumps({
    "next": [str(NEXT), str(NEXT_SITE)],
    "paths": {task.name: task.path for task in TASKS},
    "peers": [
        {
            "name": p.name, "title": p.title, "command": p.command, "versions": p.versions,
            "tasks": sorted(t.name for t in TASKS if p.offers(t.name)),
            "unknown": sorted((p.tasks or set()) - {t.name for t in TASKS}),
        }
        for p in PEERS
    ],
}))
"""
FOUND = json.loads(subprocess.run([sys.executable, "-c", DESCRIBE], cwd=BENCHMARKS, capture_output=True, check=True).stdout)
REQUIREMENTS = {
    line.partition("==")[0] for line in (BENCHMARKS / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")
}
BROUGHT_ALONG = {"pydantic": "fastapi", "werkzeug": "flask"}
each_peer = pytest.mark.parametrize("peer", FOUND["peers"], ids=[peer["name"] for peer in FOUND["peers"]])


def find_program(peer: dict[str, Any]) -> Path:
    """Find the file that the command of a peer runs, by module, by module and variable, or by path."""
    word = next(word for word in peer["command"] if word.startswith("programs"))
    return BENCHMARKS / (word if word.endswith(".js") else word.partition(":")[0].replace(".", "/") + ".py")


def read_program(peer: dict[str, Any]) -> str:
    """Read the file, or the names of the files that are routes of Next.js."""
    if peer["name"] == "next":
        pages = BENCHMARKS / "programs" / "next" / "pages"
        return "\n".join(f"/{file.relative_to(pages).with_suffix('').as_posix()}" for file in pages.rglob("*.js"))
    return find_program(peer).read_text()


def test_names_are_told_apart():
    assert len({peer["name"] for peer in FOUND["peers"]}) == len(FOUND["peers"]) > 0
    assert len({peer["title"] for peer in FOUND["peers"]}) == len(FOUND["peers"])


@each_peer
def test_the_command_listens_on_the_loopback_interface(peer: dict[str, Any]):
    assert "127.0.0.1" in " ".join(peer["command"]) or "127.0.0.1" in read_program(peer)
    assert any("{port}" in word for word in peer["command"])


@each_peer
def test_python_peers_are_pinned(peer: dict[str, Any]):
    distributions = {name for name in peer["versions"] if name != "node" and not name.startswith("npm:")}
    assert {BROUGHT_ALONG.get(name, name) for name in distributions} <= REQUIREMENTS


@each_peer
def test_a_program_has_each_route_that_it_offers(peer: dict[str, Any]):
    assert peer["unknown"] == []
    text = read_program(peer)
    assert peer["tasks"]
    for task in peer["tasks"]:
        # In a regular expression of JavaScript, slashes are escaped.
        assert re.search(re.escape(FOUND["paths"][task].removesuffix("/abc")) + r"(?!\w)", text.replace("\\", "")), task


def test_next_is_built_where_git_ignores_it():
    program, site = map(Path, FOUND["next"])
    assert site.parent.name == "build"
    assert program.is_relative_to(site.parent.parent / "node_modules")


def test_programs_are_not_named_as_packages_are():
    """A program beside its framework would be imported in its place."""
    assert not {file.stem for file in (BENCHMARKS / "programs" / "peers").glob("*.py")} & (REQUIREMENTS | set(sys.stdlib_module_names))
