import notebook


def handler(req, res):
    notebook.note(req.query["key"], "ran")
    res.json({"bytes": len(req.raw_body or b"")})
