import time


def handler(req, res):
    time.sleep(0.1)
    res.json({"slept": True})
