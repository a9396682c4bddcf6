import time
from pathlib import Path


def handler(req, res):
    Path(req.query["arrived"]).touch()
    time.sleep(1)
    res.json({"answered": True})
