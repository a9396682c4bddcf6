"""Pictures of 3 by 2 pixels, as Chromium writes them, and what is none."""

import struct
import zlib
from base64 import b64decode

__all__ = ["NO_PICTURES", "PICTURES", "make_png"]


def make_png(width: int, height: int, colour: bytes = b"\x2f\x66\x90") -> bytes:
    """Make a picture of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + colour * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PICTURES = {
    "image/png": make_png(3, 2),
    "image/jpeg": b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI/////////////////////////////////////////////////"
        "///2wBDAVVaWnhpeOuCguv/////////////////////////////////////////////////////////////////////////wAARCAACAAMDASIAAhEBAx"
        "EB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAAAP/EABQRAQAAAAAAAAAAAAAAAAAAA"
        "AD/2gAMAwEAAhEDEQA/AIgAf//Z"
    ),
    "image/webp": b64decode("UklGRkYAAABXRUJQVlA4WAoAAAAQAAAAAgAAAQAAQUxQSAcAAAAAAAAAAAAAAFZQOCAYAAAAMAEAnQEqAwACAAdAliWkAANwAP7vuQAA"),
    "image/gif": b64decode("R0lGODlhAwACAIAAAAAAAP///yH5BAEAAAAALAAAAAADAAIAAAICRF4AOw=="),
}

# What a browser may be told it is, and what it is.
NO_PICTURES = {
    "html": ("image/png", b"<html><script>alert(1)</script></html>"),
    "svg": ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)" width="3" height="2"/>'),
    "text": ("text/plain", b"hello"),
    "png that ends at once": ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"),
    "jpeg that ends at once": ("image/jpeg", b"\xff\xd8\xff"),
    "jpeg without a frame": ("image/jpeg", b"\xff\xd8" + b"\xff" * 100_000),
    "webp of a kind that there is not": ("image/webp", b"RIFF\0\0\0\0WEBPVP9 " + b"\0" * 40),
    "bitmap": ("image/bmp", b"BM" + b"\0" * 60),
}
