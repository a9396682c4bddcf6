def handler(req, res):
    res.json({"by": "python", "route": "users/[id]/posts", "query": req.query, "url": req.url})
