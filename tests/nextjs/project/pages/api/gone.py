def handler(req, res):
    res.status(404).json({"by": "python", "found": False})
