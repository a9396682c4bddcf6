"""Lock files name versions and hashes, never where somebody's machine had them from."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCK_FILES = [
    path
    for pattern in ("tests/*/package-lock.json", "examples/*/package-lock.json", "src/**/package-lock.json")
    for path in ROOT.glob(pattern)
]


def test_there_are_some() -> None:
    assert LOCK_FILES


@pytest.mark.parametrize("path", LOCK_FILES, ids=lambda path: path.parent.name)
def test_no_address_of_a_registry(path: Path) -> None:
    text = path.read_text()
    assert '"resolved"' not in text
    assert "registry" not in text
