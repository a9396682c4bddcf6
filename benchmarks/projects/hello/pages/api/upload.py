from slugline import ApiError, Request, Response, UploadFile

config = {"api": {"bodyParser": {"sizeLimit": "200mb"}}}


async def POST(req: Request, res: Response) -> None:
    file = req.files.get("file")
    if not isinstance(file, UploadFile):
        raise ApiError(400, "Give one file.")
    res.json({"title": req.body["title"], "name": file.filename, "size": file.size})
