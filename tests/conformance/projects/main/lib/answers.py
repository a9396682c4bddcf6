"""What many of the route files answer."""


def route_answer(pattern, req):
    """Say which file answered, and with which query."""
    return {"route": pattern, "query": req.query}


def body_answer(pattern, req):
    """Say what the body parser made of the body."""
    kind, body = describe_body(req.body)
    return {"route": pattern, "bodyType": kind, "body": body}


def describe_body(body):
    """Name the type of a parsed body in the words of JSON, and give it in a form that JSON carries."""
    if isinstance(body, bytes):
        return "bytes", body.decode("latin-1")
    for kind, types in (
        ("null", type(None)),
        ("boolean", bool),
        ("number", (int, float)),
        ("string", str),
        ("array", list),
        ("object", dict),
    ):
        if isinstance(body, types):
            return kind, body
    return type(body).__name__, repr(body)


def unknown_kind(res):
    """Answer a kind that the route file does not have."""
    res.status(400).json({"error": "unknown kind"})
