def handler(req, res):
    res.json({"by": "python", "route": "files/[...path]", "query": req.query, "url": req.url})
