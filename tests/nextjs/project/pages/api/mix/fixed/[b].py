def handler(req, res):
    res.json({"by": "python", "route": "mix/fixed/[b]", "query": req.query, "url": req.url})
