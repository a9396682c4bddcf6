def handler(req, res):
    req.query.get("x")
