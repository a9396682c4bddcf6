import notebook

config = {"api": {"bodyParser": {"sizeLimit": "1kb"}}}


def handler(req, res):
    notebook.note(req.query.get("key", "limits"), "ran")
    res.json({"bytes": len(req.raw_body or b"")})
