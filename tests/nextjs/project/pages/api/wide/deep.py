def handler(req, res):
    res.json({"by": "python", "route": "wide/deep", "query": req.query, "url": req.url})
