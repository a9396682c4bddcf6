import notebook


def inner(req, res, next):
    notebook.note(req.query.get("key", "guarded"), "inner")
    next()


middleware = [inner]
