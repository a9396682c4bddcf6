from datetime import UTC, datetime

from lib.answers import unknown_kind


class WithHook:
    def __json__(self):
        return "from-toJSON"


CIRCULAR = {}
CIRCULAR["self"] = CIRCULAR

VALUES = {
    "object": {"a": 1, "b": "two", "c": None, "d": [True, False]},
    "array": [1, "a", None],
    "empty-object": {},
    "empty-array": [],
    "string": "Hello world!",
    "empty-string": "",
    "number": 42,
    "zero": 0,
    "float": 1.5,
    "integral-float": {"v": 1.0, "w": 100.0},
    "neg-zero": {"v": -0.0},
    "exp": [1e21, 1e-7, 123456789012345680000],
    "nan": {"v": float("nan"), "i": float("inf"), "n": float("-inf")},
    "top-nan": float("nan"),
    "true": True,
    "false": False,
    "null": None,
    "date": {"at": datetime(1970, 1, 1, tzinfo=UTC)},
    "undefined-prop": {"ok": 1},
    "map": {"m": {}, "s": {}},
    "function": {"ok": 1, "f": print},
    "top-function": print,
    "bigint": {"n": 10},
    "circular": CIRCULAR,
    "tojson": {"v": WithHook()},
    "buffer": b"hi",
    "unicode": {"s": "héllo 世界 😀"},
    "linesep": {"s": "a\u2028b\u2029c\u0001d\u007f"},
    "lone-surrogate": {"s": "\ud800"},
    "html": {"s": "<script>alert(1)</script> & \"q\" 's' /"},
    "key-order": {"b": 1, "a": 2, "10": "ten", "2": "two"},
}


def handler(req, res):
    match req.query["kind"]:
        case "undefined" | "noarg":
            res.json()
        case "status-201":
            res.status(201).json({"created": True})
        case "status-404":
            res.status(404).json({"error": "not found"})
        case "status-500":
            res.status(500).json({"error": "Server error!"})
        case "custom-type":
            res.set_header("Content-Type", "application/vnd.api+json")
            res.json({"t": 1})
        case "extra-headers":
            res.set_header("X-One", "1")
            res.set_header("Cache-Control", "no-store")
            res.json({"ok": 1})
        case kind if kind in VALUES:
            res.json(VALUES[kind])
        case _:
            unknown_kind(res)
