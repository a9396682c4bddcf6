def handler(req, res):
    res.json({"by": "python", "route": "a b", "query": req.query, "url": req.url})
