import time

import notebook

config = {"maxDuration": 0.2}


def handler(req, res):
    while not notebook.is_open(req.query["gate"]):
        time.sleep(0.01)
    try:
        res.json({"late": True})
    except Exception as error:
        notebook.note(req.query["key"], type(error).__name__)
    notebook.note(req.query["key"], "ended")
