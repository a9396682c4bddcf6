"""One entry, `/entry/7`: made when somebody first asks for it, and kept."""

from collections.abc import Mapping
from typing import Any

from lib.guestbook import find_entry, read_number


def get_static_paths() -> dict[str, Any]:
    return {"paths": [], "fallback": "blocking"}


def get_static_props(context: Mapping[str, Any]) -> dict[str, Any]:
    entry = find_entry(read_number(context["params"]["id"]))
    if entry is None:
        # Kept for a moment only: the entry of this number may be written next.
        return {"not_found": True, "revalidate": 1}
    return {"props": {"entry": entry}}
