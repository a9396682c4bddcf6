"""The tables. After a change here: `alembic revision --autogenerate -m "what has changed"`."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

LONGEST_NAME = 80
LONGEST_MESSAGE = 1000


class Base(DeclarativeBase):
    pass


class EntryRow(Base):
    __tablename__ = "entries"
    # Numbers are never used again: a browser keeps the picture of number 7 for a year.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    message: Mapped[str] = mapped_column(String(LONGEST_MESSAGE))
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    picture: Mapped["PictureRow | None"] = relationship(cascade="all, delete-orphan")


class PictureRow(Base):
    __tablename__ = "pictures"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(20))
    width: Mapped[int]
    height: Mapped[int]
    # Deferred: a list of entries does not read the pictures.
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
