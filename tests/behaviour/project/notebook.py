"""What handlers note for the tests to ask for: SECRET-MARKER-7f3a."""

from collections import defaultdict
from pathlib import Path
from typing import Any

NOTES: dict[str, list[Any]] = defaultdict(list)


def note(key: Any, value: Any) -> None:
    """Keep a value that JSON can carry."""
    NOTES[str(key)].append(value)


def is_open(gate: Any) -> bool:
    """Tell whether the test has opened the gate: it is a file that appears."""
    return Path(str(gate)).exists()
