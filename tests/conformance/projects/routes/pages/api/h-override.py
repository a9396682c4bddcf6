def handler(req, res):
    seen = res.get_header("x-config-seen")
    res.set_header("X-Over", "handler").set_header("Cache-Control", "no-store").json({"ok": True, "configHeader": seen})
