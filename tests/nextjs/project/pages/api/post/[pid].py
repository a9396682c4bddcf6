def handler(req, res):
    res.json({"by": "python", "route": "post/[pid]", "query": req.query, "url": req.url})
