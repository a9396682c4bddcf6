import notebook


async def own(req, res, next):
    notebook.note(req.query.get("key", "guarded"), "own in")
    await next()
    notebook.note(req.query.get("key", "guarded"), "own out")


middleware = [own]


def handler(req, res):
    notebook.note(req.query.get("key", "guarded"), "handler")
    res.json({"word": req.word})
