"""The names that users may rely on: listed, sorted, importable, and in docs/reference.md."""

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

import slugline.errors
from slugline import Request, Response, Settings, UploadFile, WebSocket

REFERENCE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text()

PUBLIC_NAMES = {
    "slugline": [
        "Accepted",
        "ApiError",
        "Conflict",
        "Created",
        "EventStream",
        "Forbidden",
        "Form",
        "MiddlewareRequest",
        "NoContent",
        "NotFound",
        "Request",
        "Response",
        "Settings",
        "Status",
        "UiMessageStream",
        "UploadFile",
        "WebSocket",
        "WebSocketClosed",
        "create_app",
        "keep",
        "read_form",
        "run_middleware",
    ],
    "slugline.middleware": ["Cors", "Middleware", "Next", "RequestURL", "go_on", "redirect", "respond", "rewrite"],
    "slugline.testing": [
        "AsyncStream",
        "AsyncTestClient",
        "AsyncWebSocketSession",
        "Event",
        "IncompleteResponse",
        "Response",
        "Stream",
        "TestClient",
        "WebSocketRejected",
        "WebSocketSession",
    ],
}


def section(title: str) -> str:
    """Give what stands under a heading of the reference."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/reference.md has no section {title}"
    return found[1]


def code_in(text: str) -> set[str]:
    """Give the first name of every piece of code: `create_app(directory)` gives create_app."""
    return {found[0] for piece in re.findall(r"`([^`]+)`", text) if (found := re.match(r"[A-Za-z_.]+", piece))}


@pytest.mark.parametrize(("module", "names"), PUBLIC_NAMES.items(), ids=list(PUBLIC_NAMES))
def test_public_names(module: str, names: list[str]) -> None:
    imported = importlib.import_module(module)
    assert list(imported.__all__) == names == sorted(names)
    assert all(hasattr(imported, name) for name in names)


@pytest.mark.parametrize(("module", "names"), PUBLIC_NAMES.items(), ids=list(PUBLIC_NAMES))
def test_the_reference_names_all_and_no_others(module: str, names: list[str]) -> None:
    rows = [line.split("|")[1] for line in section(module).splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in code_in(row)} == set(names)


@pytest.mark.parametrize("documented", [Request, Response, WebSocket], ids=lambda documented: documented.__name__)
def test_the_reference_has_every_attribute(documented: type) -> None:
    instance_attributes = {
        Request: {"method", "params", "files"},
        WebSocket: {"params", "path", "headers", "client", "subprotocols", "subprotocol", "request", "route"},
    }
    # Not for users: what the server hands in, and what it calls.
    internal = {"fields", "index", "raw_path", "query_string", "scope", "stop_listening"}
    refused = {"statusCode"}  # the name in Next.js, there to say what it is here
    names = {name for name in dir(documented) if not name.startswith("_")} | instance_attributes.get(documented, set())
    assert code_in(section(documented.__name__)) == names - internal - refused


def test_the_reference_has_every_setting() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?([^|`]+)`? \|", section("Settings"), re.MULTILINE)
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    assert dict(rows) == {name: str(default) or '""' for name, default in defaults.items()}


def test_the_reference_has_every_error() -> None:
    assert set(slugline.errors.__all__) <= code_in(section("slugline.errors"))
    assert code_in(section("slugline.errors")) - {"SluglineError", "BaseException", "res", "next", "status", "phrase"} <= set(
        slugline.errors.__all__
    )


def test_the_reference_has_what_an_upload_has() -> None:
    row = next(line for line in section("slugline").splitlines() if line.startswith("| `UploadFile`"))
    upload = UploadFile("a.txt", "text/plain", {}, 1024)
    public = {name for name in dir(upload) if not name.startswith("_")}
    upload.close()
    assert code_in(row) - {"UploadFile"} == public


def test_every_public_name_has_a_docstring() -> None:
    for module, names in PUBLIC_NAMES.items():
        for name in names:
            value = getattr(importlib.import_module(module), name)
            if isinstance(value, type) or callable(value):
                assert name == "Middleware" or value.__doc__, f"{module}.{name} has no docstring"
