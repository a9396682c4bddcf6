import notebook


async def choose(req, res, next):
    match req.query["kind"]:
        case "pass":
            next()
        case "wrap":
            res.set_header("x-before", "1")
            await next()
            notebook.note(req.query["key"], "after the handler")
        case "error":
            next(PermissionError("hidden-word-91c2"))
        case "raise":
            raise PermissionError("hidden-word-91c2")
        case "catch":
            try:
                await next()
            except ValueError as error:
                res.status(422).json({"caught": str(error)})
        case "twice":
            await next()
            await next()
        case "answer":
            res.status(401).json({"answered": "by the middleware"})
        case "neither":
            return


middleware = [choose]


def handler(req, res):
    notebook.note(req.query.get("key"), "handler")
    if req.query["kind"] == "catch":
        raise ValueError("caught me")
    res.json({"answered": "by the handler"})
