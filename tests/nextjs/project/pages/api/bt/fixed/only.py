def handler(req, res):
    res.json({"by": "python", "route": "bt/fixed/only", "query": req.query, "url": req.url})
