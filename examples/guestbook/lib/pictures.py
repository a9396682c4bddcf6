"""What kind of picture some bytes are, told by the bytes: names and types that a browser sends are what its user says."""

from collections.abc import Callable
from dataclasses import dataclass
from struct import error, unpack_from

from lib.picture_notes import DamagedPicture, drop_notes

LARGEST_BYTES = 5_000_000
TOO_LARGE = f"must not be larger than {LARGEST_BYTES // 1_000_000} MB"
# Few bytes can stand for very many pixels, all of which a visitor's browser has to hold in memory.
MOST_PIXELS = 50_000_000
# A colour profile and what a camera notes take some hundred at most; a file of nothing but segments would keep the processor busy.
MOST_SEGMENTS = 1000

Size = tuple[int, int]


@dataclass(frozen=True)
class Picture:
    content: bytes
    media_type: str
    width: int
    height: int


class UnfitPicture(ValueError):
    """A picture that is not taken; the text says why, as the end of a sentence that begins with its name."""


def read_picture(content: bytes) -> Picture:
    """Find out what picture this is, and leave out of it where and by whom it was taken. Raises UnfitPicture.

    SVG is left out on purpose: it is a document, which may hold scripts.
    """
    if len(content) > LARGEST_BYTES:
        raise UnfitPicture(TOO_LARGE)
    for media_type, find_size in READERS.items():
        try:
            size = find_size(content)
        except error:  # it ends too early
            continue
        if size is not None:
            width, height = size
            if not 0 < width * height <= MOST_PIXELS:
                raise UnfitPicture(f"must not have more than {MOST_PIXELS // 1_000_000} million pixels")
            try:
                return Picture(drop_notes(content, media_type), media_type, width, height)
            except DamagedPicture:
                raise UnfitPicture("is damaged") from None
    raise UnfitPicture("must be a JPEG, PNG, WebP or GIF")


def find_png_size(content: bytes) -> Size | None:
    """https://www.w3.org/TR/png-3/#11IHDR"""
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or content[12:16] != b"IHDR":
        return None
    width, height = unpack_from(">II", content, 16)
    return width, height


def find_gif_size(content: bytes) -> Size | None:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""
    if not content.startswith((b"GIF87a", b"GIF89a")):
        return None
    width, height = unpack_from("<HH", content, 6)
    return width, height


def find_webp_size(content: bytes) -> Size | None:
    """RFC 9649: a simple picture, one without loss, or one with more to it."""
    if not content.startswith(b"RIFF") or content[8:12] != b"WEBP":
        return None
    match content[12:16]:
        case b"VP8 ":
            width, height = unpack_from("<HH", content, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = unpack_from("<I", content, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            low_width, high_width, low_height, high_height = unpack_from("<HBHB", content, 24)
            return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
    return None


def find_jpeg_size(content: bytes) -> Size | None:
    """ITU-T T.81, section B.2: segments of a marker and a length, one of which begins the frame."""
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    position = 2
    for _ in range(MOST_SEGMENTS):
        first, marker = unpack_from(">BB", content, position)
        if first != 0xFF:
            return None
        if marker == 0xFF:  # filling
            position += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = unpack_from(">HH", content, position + 5)
            return width, height
        else:
            (length,) = unpack_from(">H", content, position + 2)
            position += 2 + max(length, 2)
    return None


READERS: dict[str, Callable[[bytes], Size | None]] = {
    "image/jpeg": find_jpeg_size,
    "image/png": find_png_size,
    "image/webp": find_webp_size,
    "image/gif": find_gif_size,
}
