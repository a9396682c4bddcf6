"""What many of the route files answer."""

SHOWN = ("x-client", "x-added", "x-from-mw", "authorization", "cookie")


def dump(pattern, req):
    """Say which file answered, and what reached it."""
    return {
        "route": pattern,
        "method": req.method,
        "url": req.url,
        "query": req.query,
        "cookies": req.cookies,
        "headers": {name: req.headers[name] for name in SHOWN if name in req.headers},
        "body": req.body,
    }
