import notebook

config = {"api": {"bodyParser": False}}


def handler(req, res):
    key = req.query["key"]
    notebook.note(key, "began")
    size = 0
    try:
        for chunk in req.stream:
            size += len(chunk)
    except BaseException as error:
        notebook.note(key, {"error": type(error).__name__})
        raise
    notebook.note(key, {"whole": size})
    res.json({"bytes": size})
