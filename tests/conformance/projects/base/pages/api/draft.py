def handler(req, res):
    res.set_draft_mode().json({"ok": True})
