def handler(req, res):
    res.json({"by": "python", "route": "wide/late", "query": req.query, "url": req.url})
