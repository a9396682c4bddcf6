"""The page of an error where the project has none of its own."""

from http import HTTPStatus

__all__ = ["make_error_page"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{status} {phrase}</title>
<style>
body {{ display: grid; place-items: center; min-height: 90vh; margin: 0; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark }}
h1 {{ display: inline; font-size: 1.5rem; margin: 0; padding-right: 1rem; border-right: 1px solid #8888 }}
p {{ display: inline; padding-left: 1rem }}
</style>
</head>
<body><main><h1>{status}</h1><p>{phrase}</p></main></body>
</html>
"""
_PHRASES = {404: "This page could not be found."}


def make_error_page(status: int) -> str:
    """Give a small document for a status: its number and what it means, and nothing of what went wrong."""
    return _PAGE.format(status=status, phrase=_PHRASES.get(status, HTTPStatus(status).phrase))
