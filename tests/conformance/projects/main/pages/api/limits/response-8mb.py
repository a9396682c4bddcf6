config = {"api": {"responseLimit": "8mb"}}


def handler(req, res):
    res.send("x" * (int(req.query.get("mb", 5)) * 1024 * 1024))
