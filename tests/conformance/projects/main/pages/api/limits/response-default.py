def handler(req, res):
    res.send("x" * (5 * 1024 * 1024))
