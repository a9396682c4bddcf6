"""Middleware for run_middleware."""


def plain(req, res, next):
    decide(req, res, next)


async def coroutine(req, res, next):
    decide(req, res, next)


def decide(req, res, next):
    match req.query["kind"]:
        case "pass":
            req.seen = "seen"
            next()
        case "error":
            next(RuntimeError("from the middleware"))
        case "answer":
            res.status(401).json({"answered": "by the middleware"})
