from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    if req.method == "POST":
        res.status(201).json({"created": req.body})
    else:
        res.json({"name": "Ada"})
