import time

import notebook


def later(key, gate):
    notebook.note(key, "started")
    while not notebook.is_open(gate):
        time.sleep(0.01)
    notebook.note(key, "done")


def handler(req, res):
    res.after(later, req.query["key"], req.query["gate"])
    res.json({"answered": True})
