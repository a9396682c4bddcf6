import time

import notebook


def handler(req, res):
    key = req.query["key"]
    notebook.note(key, "began")
    notebook.note(key, {"left": req.disconnected.wait(20)})
    notebook.note(key, {"now": bool(req.disconnected)})
    time.sleep(0.05)
    notebook.note(key, "ran on")
    res.json({"to": "nobody"})
