def handler(req, res):
    res.json(req.query)
