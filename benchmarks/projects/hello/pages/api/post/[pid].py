from slugline import Request, Response


async def handler(req: Request, res: Response) -> None:
    res.json({"pid": req.query["pid"], "page": req.query["page"], "sid": req.cookies["sid"], "trace": req.headers["X-Trace"]})
