"""A plain decorator around a coroutine function: the wrapper runs on a worker thread, and what it gives back on the loop."""

import asyncio
import functools
import threading


def signed_in(handler):
    @functools.wraps(handler)
    def wrapper(req, res):
        req.user = "ada"
        req.wrapped_in = threading.current_thread().name
        return handler(req, res)

    return wrapper


@signed_in
async def GET(req, res):
    await asyncio.sleep(0)
    res.json({"user": req.user, "wrapped_in": req.wrapped_in, "thread": threading.current_thread().name})


@signed_in
async def POST(req, res):
    await asyncio.sleep(0)
    raise ValueError("a secret of the decorated handler")
