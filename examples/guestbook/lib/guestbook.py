"""The guestbook: what its pages, its API routes and a script call. None of them asks another by HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, undefer

from lib.database import open_session
from lib.pictures import Picture
from lib.tables import EntryRow, PictureRow

PAGE_LENGTH = 24


@dataclass(frozen=True)
class Entry:
    id: int
    name: str
    message: str
    signed_at: datetime
    picture_size: tuple[int, int] | None
    """Width and height; None without a picture."""


def add_entry(name: str, message: str, picture: Picture | None = None) -> int:
    """Save an entry, and give its number."""
    row = EntryRow(name=name, message=message, signed_at=datetime.now(UTC))
    if picture is not None:
        row.picture = PictureRow(media_type=picture.media_type, width=picture.width, height=picture.height, content=picture.content)
    # `begin()`: both rows are saved when the block ends well, and neither when it does not.
    with open_session.begin() as session:
        session.add(row)
        session.flush()
        return row.id


def list_entries(*, before: int | None = None) -> list[Entry]:
    """Give the newest entries, newest first; those older than number `before`, to turn over a page."""
    query = select(EntryRow).options(joinedload(EntryRow.picture)).order_by(EntryRow.id.desc()).limit(PAGE_LENGTH)
    if before is not None:
        query = query.where(EntryRow.id < before)
    with open_session() as session:
        return [read_row(row) for row in session.scalars(query)]


def count_entries() -> int:
    with open_session() as session:
        return session.scalar(select(func.count()).select_from(EntryRow)) or 0


def find_entry(number: int | None) -> Entry | None:
    if number is None:
        return None
    with open_session() as session:
        row = session.get(EntryRow, number, options=[joinedload(EntryRow.picture)])
        return read_row(row) if row is not None else None


def find_picture(number: int | None) -> Picture | None:
    """Give the picture of an entry."""
    if number is None:
        return None
    with open_session() as session:
        row = session.get(PictureRow, number, options=[undefer(PictureRow.content)])
        return Picture(row.content, row.media_type, row.width, row.height) if row is not None else None


def read_number(text: object) -> int | None:
    """Read the number of an entry from a URL; None for what is none, or larger than a database counts."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and text == str(int(text[:10])) and int(text) < 2**31:
        return int(text)
    return None


def read_row(row: EntryRow) -> Entry:
    # SQLite gives a date back without its time zone, which is UTC for all that are saved here.
    signed_at = row.signed_at.astimezone(UTC) if row.signed_at.tzinfo else row.signed_at.replace(tzinfo=UTC)
    size = (row.picture.width, row.picture.height) if row.picture is not None else None
    return Entry(row.id, row.name, row.message, signed_at, size)
