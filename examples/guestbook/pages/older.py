"""Older entries, `/older?before=25`: made for each request, since few ask."""

from collections.abc import Mapping
from typing import Any

from lib.guestbook import PAGE_LENGTH, list_entries, read_number


def get_server_side_props(context: Mapping[str, Any]) -> dict[str, Any]:
    before = read_number(context["query"].get("before"))
    if before is None:
        return {"redirect": {"destination": "/", "permanent": False}}
    entries = list_entries(before=before)
    if not entries:
        return {"not_found": True}
    return {"props": {"entries": entries, "has_older": len(entries) == PAGE_LENGTH and entries[-1].id > 1}}
