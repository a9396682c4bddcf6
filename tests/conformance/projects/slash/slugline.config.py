trailing_slash = True

UPSTREAM = "http://127.0.0.1:4399"

headers = [
    {"source": "/api/:path*", "headers": [{"key": "x-h", "value": "in"}]},
    {"source": "/outside/:path*", "base_path": False, "headers": [{"key": "x-h-out", "value": "out"}]},
    {"source": "/with-slash/", "headers": [{"key": "x-slash", "value": "yes"}]},
]

redirects = [
    {"source": "/old/:id", "destination": "/api/users/:id", "permanent": False},
    {"source": "/old-out", "destination": "/api/hello", "permanent": False, "base_path": False},
    {"source": "/old-ext", "destination": "https://example.com/x", "permanent": False},
    {"source": "/old-slash/", "destination": "/api/hello/", "permanent": True},
]

rewrites = [
    {"source": "/rw/:id", "destination": "/api/users/:id"},
    {"source": "/rw-file", "destination": "/robots.txt"},
    {"source": "/rw-out", "destination": f"{UPSTREAM}/out", "base_path": False},
]
