"""Runs before any route of what the matcher names: counts the visits, and lets in who is signed in."""

import logging

from lib.sessions import read_session
from slugline import MiddlewareRequest
from slugline.middleware import go_on, redirect, respond

logger = logging.getLogger("visits")

config = {"matcher": ["/account/:path*", "/api/account/:path*", "/v1/:path*"]}


def count(req: MiddlewareRequest) -> None:
    req.after(logger.info, "%s %s", req.method, req.next_url.path)


async def guard(req: MiddlewareRequest) -> object:
    user = read_session(req.cookies.get("session", ""))
    if user is not None:
        # All that comes after sees this header, and never one of that name that the client sent.
        return go_on(request_headers={**req.headers, "x-user": user})
    if req.next_url.path.startswith(("/api/", "/v1/")):
        return respond({"error": "Sign in first."}, status=401)
    return redirect(req.next_url.replace(path="/login", query={"from": req.next_url.path})).delete_cookie("session")


middleware = [count, guard]
