def handler(req, res):
    res.json({"text": "lorem ipsum " * 300})
