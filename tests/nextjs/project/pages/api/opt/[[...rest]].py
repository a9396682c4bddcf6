def handler(req, res):
    res.json({"by": "python", "route": "opt/[[...rest]]", "query": req.query, "url": req.url})
