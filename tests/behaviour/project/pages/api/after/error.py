import notebook


async def handler(req, res):
    res.after(notebook.note, req.query["key"], "after an error")
    raise RuntimeError("hidden-word-91c2")
