"""Take out of a picture what its maker may not want to show: where and when it was taken, with which camera, by whom.

Nothing is drawn anew, so a picture looks as it did, and no program for pictures has to read what a stranger sent: its pieces are copied
one by one, those that are needed to show it. What comes after its end, such as the film of a "live" photo, is left out too.
"""

import re
from collections.abc import Callable, Iterator
from struct import error, pack, unpack_from

# What the pixels need: the colour profile, and how the colours are coded. https://exiftool.org/TagNames/JPEG.html lists the others.
JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
# Between the pixels of a JPEG, a marker is 0xFF and what is none of 0 (a pixel), 0xFF (filling) and 0xD0 to 0xD7 (a new start).
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
PNG_LEFT_OUT = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
WEBP_LEFT_OUT = {b"EXIF", b"XMP "}
WEBP_FLAGS_LEFT_OUT = 0b1100  # that there are EXIF and XMP
ORIENTATION = 0x0112
# Of 8 kB each as a rule: a file of nothing but the beginnings of pieces would keep the processor busy.
MOST_PIECES = 20_000


class DamagedPicture(ValueError):
    """A picture that ends too early or does not hold together."""


def drop_notes(content: bytes, media_type: str) -> bytes:
    """Give a JPEG, PNG or WebP without its notes, others as they are. Raises DamagedPicture.

    GIF is left as it is: cameras do not write it.
    """
    pieces = READERS.get(media_type)
    if pieces is None:
        return content
    try:
        copied = b"".join(pieces(content))
    except error as reason:
        raise DamagedPicture(str(reason)) from None
    if media_type == "image/webp":
        copied = copied[:4] + pack("<I", len(copied) - 8) + copied[8:]
    return copied


def read_jpeg(content: bytes) -> Iterator[bytes]:
    """ITU-T T.81, section B.1: segments of a marker and a length; after a scan's come its pixels, up to the next marker."""
    yield content[:2]
    position = 2
    orientation = 1
    for _ in range(MOST_PIECES):
        first, marker = unpack_from(">BB", content, position)
        if first != 0xFF:
            raise DamagedPicture("there is no marker")
        if marker == 0xFF:  # filling
            position += 1
            continue
        if marker == 0xD9:
            yield content[position : position + 2]
            return
        (length,) = unpack_from(">H", content, position + 2)
        end = position + 2 + max(length, 2)
        segment = content[position + 4 : end]
        if end > len(content):
            raise DamagedPicture("a segment ends too late")
        if marker == 0xE1 and orientation == 1:
            # Phones turn the picture by a note: it would lie on its side without.
            orientation = find_orientation(segment)
            if orientation != 1:
                yield write_orientation(orientation)
        elif not is_note(marker, segment):
            yield content[position:end]
        if marker == 0xDA:
            found = JPEG_MARKER.search(content, end)
            if found is None:
                raise DamagedPicture("it has no end")
            yield content[end : found.start()]
            end = found.start()
        position = end
    raise DamagedPicture("it has too many pieces")


def is_note(marker: int, segment: bytes) -> bool:
    if marker == 0xFE:  # a comment
        return True
    return 0xE0 <= marker <= 0xEF and not (marker in JPEG_KEPT and segment.startswith(JPEG_KEPT[marker]))


def find_orientation(segment: bytes) -> int:
    """Give how a picture is to be turned, 1 to 8, from its EXIF; 1 when that does not say. CIPA DC-008, section 4.6.5."""
    if not segment.startswith(b"Exif\0\0"):
        return 1
    notes = segment[6:]
    order = "<" if notes.startswith(b"II") else ">"
    try:
        (start,) = unpack_from(f"{order}I", notes, 4)
        (count,) = unpack_from(f"{order}H", notes, start)
        for number in range(count):
            tag, _, _, value = unpack_from(f"{order}HHIH", notes, start + 2 + 12 * number)
            if tag == ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except error:  # it points beyond its end
        pass
    return 1


def write_orientation(orientation: int) -> bytes:
    notes = b"MM\0*" + pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)
    return pack(">BBH", 0xFF, 0xE1, 2 + 6 + len(notes)) + b"Exif\0\0" + notes


def read_png(content: bytes) -> Iterator[bytes]:
    """https://www.w3.org/TR/png-3/#5Chunk-layout"""
    yield content[:8]
    position = 8
    for _ in range(MOST_PIECES):
        length, kind = unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            raise DamagedPicture("a chunk ends too late")
        if kind not in PNG_LEFT_OUT:
            yield content[position:end]
        if kind == b"IEND":
            return
        position = end
    raise DamagedPicture("it has too many pieces")


def read_webp(content: bytes) -> Iterator[bytes]:
    """RFC 9649, section 2.3: chunks of even length."""
    yield content[:12]
    (length,) = unpack_from("<I", content, 4)
    whole = content[: 8 + length]
    if len(whole) < 8 + length:
        raise DamagedPicture("it ends too early")
    position = 12
    while position < len(whole):
        kind, length = unpack_from("<4sI", whole, position)
        end = position + 8 + length
        if end > len(whole):
            raise DamagedPicture("a chunk ends too late")
        chunk = whole[position:end] + b"\0" * (length % 2)
        if kind == b"VP8X" and length:
            chunk = chunk[:8] + bytes([chunk[8] & ~WEBP_FLAGS_LEFT_OUT]) + chunk[9:]
        if kind not in WEBP_LEFT_OUT:
            yield chunk
        position = end + length % 2


READERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {"image/jpeg": read_jpeg, "image/png": read_png, "image/webp": read_webp}
