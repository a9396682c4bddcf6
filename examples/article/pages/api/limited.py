from slugline import Request, Response

# A larger body gets 413 before the handler is called. 1mb is what a route has without a config, too.
config = {"api": {"bodyParser": {"sizeLimit": "1mb"}}}


def handler(req: Request, res: Response) -> None:
    res.json({"received": len(req.raw_body or b"")})
