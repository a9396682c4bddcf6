"""A form with files: its fields are in `req.body`, its files in `req.files`."""

import hashlib

from slugline import Request, Response, UploadFile

config = {"api": {"bodyParser": {"sizeLimit": "20mb"}}}


def POST(req: Request, res: Response) -> None:
    # A field that was sent more than once has a list.
    files = [describe(field, file) for field, found in req.files.items() for file in (found if isinstance(found, list) else [found])]
    res.json({"fields": req.body, "files": files})


def describe(field: str, file: UploadFile) -> dict[str, object]:
    checksum = hashlib.sha256()
    for piece in file:
        checksum.update(piece)
    return {"field": field, "filename": file.filename, "bytes": file.size, "sha256": checksum.hexdigest()}
