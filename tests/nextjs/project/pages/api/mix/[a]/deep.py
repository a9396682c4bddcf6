def handler(req, res):
    res.json({"by": "python", "route": "mix/[a]/deep", "query": req.query, "url": req.url})
