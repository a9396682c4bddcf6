def handler(req, res):
    res.json({"by": "python", "route": "mix/[...all]", "query": req.query, "url": req.url})
