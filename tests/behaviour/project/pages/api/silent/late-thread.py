import threading


def handler(req, res):
    threading.Timer(0.05, res.json, [{"late": True}]).start()
