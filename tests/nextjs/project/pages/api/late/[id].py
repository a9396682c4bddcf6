def handler(req, res):
    res.json({"by": "python", "route": "late/[id]", "query": req.query, "url": req.url})
