def handler(req, res):
    res.json({"by": "python", "route": "hello", "query": req.query, "url": req.url})
