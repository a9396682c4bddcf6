from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.status(404).json({"error": f"There is no {req.path}."})
