import time
from pathlib import Path

import notebook


def handler(req, res):
    Path(req.query["arrived"]).touch()
    while not notebook.is_open(req.query["gate"]):
        time.sleep(0.01)
    res.json({"through": True})
