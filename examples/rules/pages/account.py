from collections.abc import Mapping
from typing import Any


def get_server_side_props(context: Mapping[str, Any]) -> dict[str, Any]:
    return {"props": {"user": context["req"].headers["x-user"]}}
