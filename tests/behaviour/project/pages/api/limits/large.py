config = {"api": {"responseLimit": False}}


def handler(req, res):
    res.send(b"x" * int(req.query["size"]))
