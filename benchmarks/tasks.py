"""What every program is asked, and what it has to answer: the same bytes from all, looked at before anything is timed.

All values are such that every encoder of JSON writes them alike. A date is text to all, since encoders write datetimes in different ways.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

MEBIBYTE = 1024 * 1024
BOUNDARY = "----benchmark-7d1f0b2c94"


@dataclass(frozen=True)
class Task:
    """One request: the load generator sends it again and again."""

    name: str
    title: str
    target: str
    """Path and query as sent."""
    answer: bytes
    """The body that every program answers."""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    content: bytes = b""
    """What the request carries."""
    status: int = 200

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Upload:
    """A multipart form with a title and one file of zeros and numbers, made piece by piece: it is too large to lie around."""

    size: int

    @property
    def head(self) -> bytes:
        """What comes before the file."""
        return (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\na large file\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()

    @property
    def tail(self) -> bytes:
        """What comes after it."""
        return f"\r\n--{BOUNDARY}--\r\n".encode()

    @property
    def piece(self) -> bytes:
        """Bytes that are sent again and again until the file is whole: line ends are in them, as in any binary file."""
        return bytes(number * 7 % 256 for number in range(65536))

    @property
    def answer(self) -> bytes:
        """What a program says of it."""
        return encode({"title": "a large file", "name": "big.bin", "size": self.size})


def encode(value: object) -> bytes:
    """Write JSON as all programs do: without spaces, keys in their order."""
    return json.dumps(value, separators=(",", ":")).encode()


HELLO = encode({"text": "Hello"})
ORDER = encode(
    {
        "id": 4711,
        "customer": {"name": "Ada Lovelace", "email": "ada@example.com"},
        "items": [
            {"sku": f"sku-{number}-{number * 37 % 100:02}", "quantity": number + 1, "price": 12.25 + number * 0.5} for number in range(8)
        ],
        "note": "Please ring twice and leave the parcel with the neighbour of the second floor when nobody answers the door. " * 4,
        "paid": True,
        "created": "2026-01-02T03:04:05Z",
    }
)
FIELDS = {f"field{number}": f"value {number} & more = {number % 3}00" for number in range(10)}
CHUNKS = [b"chunk %05d\n" % number for number in range(10_000)]
ITEMS = encode({"items": [{"id": number, "name": f"item {number}"} for number in range(75)]})

UPLOAD = Upload(32 * MEBIBYTE)
LARGE_UPLOAD = Upload(128 * MEBIBYTE)

JSON_HEADERS = {"Content-Type": "application/json"}
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
DYNAMIC_HEADERS = {"Cookie": "sid=s-1", "X-Trace": "t-1"}
DYNAMIC = encode({"pid": "abc", "page": "2", "sid": "s-1", "trace": "t-1"})
UPLOAD_HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

GREETINGS = [
    Task("async", "1. Hello, `async def`", "/api/hello_async", HELLO),
    Task("def", "2. Hello, `def`", "/api/hello_def", HELLO),
    Task("dynamic", "3. Dynamic route, query, cookie and header", "/api/post/abc?page=2", DYNAMIC, DYNAMIC_HEADERS),
]
TASKS = [
    *GREETINGS,
    Task("json", "4. JSON of 1 KB, checked against a type", "/api/order", ORDER, JSON_HEADERS, "POST", ORDER),
    Task("form", "5. Form of 10 fields", "/api/form", encode(FIELDS), FORM_HEADERS, "POST", urlencode(FIELDS).encode()),
    Task("upload", "6. Upload of 32 MB to disk", "/api/upload", UPLOAD.answer, UPLOAD_HEADERS, "POST"),
    Task("stream", "7. Stream of 10,000 chunks", "/api/stream", b"".join(CHUNKS)),
    Task("etag", "8. 304 by ETag", "/api/etag", ITEMS),
    Task("idle", "9. Hello beside 500 idle connections", "/api/hello_async", HELLO),
    Task("blocking", "10. 20 at once, `def` that sleeps 100 ms", "/api/sleep", HELLO),
    Task("start", "11. From the command to the first answer", "/api/hello_async", HELLO),
    Task("memory", "12. Memory of an idle worker and after load", "/api/hello_async", HELLO),
]
TASKS_BY_NAME = {task.name: task for task in TASKS}
QUICK_TASKS = [task.name for task in TASKS[:4]]
