"""The newest entries, and the form. Made once, and anew after each entry: see api/sign.py."""

from collections.abc import Mapping
from typing import Any

from lib.guestbook import PAGE_LENGTH, count_entries, list_entries
from lib.tables import LONGEST_MESSAGE, LONGEST_NAME


def get_static_props(context: Mapping[str, Any]) -> dict[str, Any]:
    entries, count = list_entries(), count_entries()
    return {
        "props": {
            "entries": entries,
            "count": count,
            "has_older": count > PAGE_LENGTH,
            "longest": {"name": LONGEST_NAME, "message": LONGEST_MESSAGE},
        },
        # For entries that come from elsewhere, such as a script.
        "revalidate": 60,
    }
