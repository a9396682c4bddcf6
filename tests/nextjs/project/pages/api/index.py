def handler(req, res):
    res.json({"by": "python", "route": "index", "query": req.query, "url": req.url})
