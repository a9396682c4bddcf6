"""The rules of the whole project, in the shape of next.config.js."""

redirects = [
    {"source": "/home", "destination": "/", "permanent": True},
    # Whoever is signed in has no use for the form.
    {"source": "/login", "has": [{"type": "cookie", "key": "session"}], "destination": "/account", "permanent": False},
]

rewrites = {
    # An address that was given away before the API moved.
    "before_files": [{"source": "/v1/orders/:id", "destination": "/api/account/orders/:id"}],
    # What nothing else answers.
    "fallback": [{"source": "/api/:path*", "destination": "/api/missing"}],
}

headers = [
    {
        "source": "/:path*",
        "headers": [
            {"key": "X-Content-Type-Options", "value": "nosniff"},
            {"key": "X-Frame-Options", "value": "DENY"},
        ],
    },
    {"source": "/api/account/:path*", "headers": [{"key": "Cache-Control", "value": "no-store"}]},
]
