import hashlib

import notebook

config = {"api": {"bodyParser": {"sizeLimit": "64mb"}}}


def check_closed(key, files):
    notebook.note(key, {"closed": [file.closed for file in files]})


def handler(req, res):
    files = [each for value in req.files.values() for each in (value if isinstance(value, list) else [value])]
    found = []
    for file in files:
        digest = hashlib.sha256()
        size = 0
        for chunk in file:
            digest.update(chunk)
            size += len(chunk)
        found.append({"name": file.filename, "type": file.content_type, "bytes": size, "digest": digest.hexdigest()})
    key = req.query.get("key")
    notebook.note(key, "ran")
    res.after(check_closed, key, files)
    res.json({"fields": req.body, "files": found, "names": list(req.files), "raw": req.raw_body is not None})
