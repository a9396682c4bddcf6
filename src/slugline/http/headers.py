"""The header fields of a request: names in any case, many values per name."""

from collections.abc import Iterator, Mapping
from typing import TypeVar, overload

__all__ = ["Headers", "index_fields"]

Fields = list[tuple[bytes, bytes]]
Default = TypeVar("Default")

# NEXTJS: Node.js takes the first of these.
# SECURITY: not `host` and `content-length`, although it does: they are refused when they come twice, which must show.
_TAKEN_ONCE = frozenset(
    {
        *(b"age", b"authorization", b"content-type", b"etag", b"expires", b"from", b"if-modified-since", b"if-unmodified-since"),
        *(b"last-modified", b"location", b"max-forwards", b"proxy-authorization", b"referer", b"retry-after", b"server", b"user-agent"),
    }
)


def index_fields(fields: Fields) -> dict[bytes, bytes]:
    """Index header fields by name; repeated fields are joined as Node.js joins them.

    `, ` between values (RFC 9110 section 5.3), `; ` between cookies, and the first alone of those that have one value, such as
    Content-Type, Authorization and User-Agent.
    Names arrive in lower case (ASGI).
    """
    index = dict(fields)
    if len(index) == len(fields):  # PERF: nearly always; one C call and no loop
        return index
    joined: dict[bytes, bytes] = {}
    for name, value in fields:
        earlier = joined.get(name)
        if earlier is None:
            joined[name] = value
        elif name == b"cookie":
            joined[name] = earlier + b"; " + value
        elif name not in _TAKEN_ONCE:
            joined[name] = earlier + b", " + value
    return joined


class Headers(Mapping[str, str]):
    """Request headers; `headers["x-one"]`, in any case, gives all values of the field joined with `, `.

    Bytes are read as Latin-1, which loses nothing; `get_all` gives the values one by one.
    """

    __slots__ = ("_fields", "_index")

    def __init__(self, fields: Fields, index: dict[bytes, bytes] | None = None) -> None:
        self._fields = fields
        self._index = index_fields(fields) if index is None else index

    def __getitem__(self, name: str) -> str:
        try:
            return self._index[name.lower().encode("latin-1")].decode("latin-1")
        except (KeyError, UnicodeEncodeError):
            raise KeyError(name) from None

    # PERF: half the time of the one that Mapping has, which asks for the name and waits for the KeyError.
    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str) -> str: ...
    @overload
    def get(self, name: str, /, default: Default) -> str | Default: ...
    def get(self, name: str, /, default: object = None) -> object:
        """Give all values of a field joined with `, `; the default when it was not sent."""
        value = self._index.get(name.lower().encode("latin-1", "replace"))
        return value.decode("latin-1") if value is not None else default

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower().encode("latin-1", "replace") in self._index

    def get_all(self, name: str) -> list[str]:
        """Give every value of the field, in the order sent; an empty list when there is none."""
        wanted = name.lower().encode("latin-1", "replace")
        return [value.decode("latin-1") for field, value in self._fields if field == wanted]

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"
