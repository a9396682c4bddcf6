"""`/api/docs` of a development server: the OpenAPI document, and Swagger UI to read it and to try the routes.

Everything comes with the package, in `slugline/api_docs/`, and the page asks no other server for anything.
"""

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import slugline
from slugline.http.response import Response
from slugline.project.api_document import make_document, read_route_operations
from slugline.project.discover import LoadedRoute
from slugline.project.front_end import Address

__all__ = ["DOCS_PATH", "DOCUMENT_PATH", "answer_docs", "is_docs_path"]

DOCS_PATH = "/api/docs"
DOCUMENT_PATH = "/api/openapi.json"
FILES = Path(slugline.__file__).parent / "api_docs"
TYPES = {"swagger-ui-bundle.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8"}

# `validatorUrl` would have the document checked by a server of Swagger's.
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{docs}/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="{docs}/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({{ url: "{document}", dom_id: "#docs", deepLinking: true, validatorUrl: null, tryItOutEnabled: true }});
</script>
</body>
</html>
"""


def is_docs_path(path: str) -> bool:
    """Tell whether a path below the base path is one of the page's."""
    return path.rstrip("/") in (DOCS_PATH, DOCUMENT_PATH) or path.removeprefix(f"{DOCS_PATH}/") in TYPES


def answer_docs(response: Response[Any], path: str, root: Path, routes: Iterable[LoadedRoute], address: Address) -> None:
    """Answer one of the paths of `is_docs_path`, as the routes are now."""
    path = path.rstrip("/")
    response.set_header("cache-control", "no-store")
    if path == DOCUMENT_PATH:
        document = make_document(root, read_route_operations(routes), address)
        response.set_header("content-type", "application/json; charset=utf-8").end(json.dumps(document, indent=2, ensure_ascii=False))
    elif path == DOCS_PATH:
        title = escape(f"{root.name}: API")
        docs = f"{address.base_path}{DOCS_PATH}"
        page = PAGE.format(title=title, docs=docs, document=f"{address.base_path}{DOCUMENT_PATH}")
        response.set_header("content-type", "text/html; charset=utf-8").end(page)
    else:
        name = path.removeprefix(f"{DOCS_PATH}/")
        response.set_header("cache-control", "max-age=3600").set_header("content-type", TYPES[name])
        response.end((FILES / name).read_bytes())
