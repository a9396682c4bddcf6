import notebook

from slugline import ApiError


async def outer(req, res, next):
    key = req.query.get("key", "guarded")
    notebook.note(key, "outer in")
    if req.query.get("word") == "wrong":
        raise ApiError(403, "wrong word")
    req.word = req.query.get("word")
    await next()
    notebook.note(key, "outer out")


middleware = [outer]
