from slugline import Request, Response


async def GET(req: Request, res: Response) -> None:
    res.json({"post": req.query["pid"]})


async def POST(req: Request, res: Response) -> None:
    res.status(201).json({"post": req.query["pid"], "body": req.body})
