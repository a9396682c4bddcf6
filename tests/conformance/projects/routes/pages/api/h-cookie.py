def handler(req, res):
    # Not set_header, which would take away what middleware and configuration have set: each line is one cookie.
    res.append_header("Set-Cookie", "handler=1").json({"ok": True})
