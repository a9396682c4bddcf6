"""The entity tag, for the peers that make none from a body themselves."""

import hashlib


def make_etag(body: bytes) -> str:
    """Make the tag of a body, with its quotes."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
