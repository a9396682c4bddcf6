"""What many of the route files answer."""


def route_answer(pattern, req):
    """Say which file answered, with which URL and query."""
    return {"route": pattern, "url": req.url, "query": req.query}
