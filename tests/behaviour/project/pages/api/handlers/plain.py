import threading


def handler(req, res):
    res.json({"thread": threading.current_thread().name})
