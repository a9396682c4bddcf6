from lib.answers import unknown_kind


def handler(req, res):
    match req.query["kind"]:
        case "draft-on":
            res.set_draft_mode(enable=True)
            res.json({"ok": "on"})
        case "draft-default":
            res.set_draft_mode()
            res.json({"ok": "default"})
        case "draft-off":
            res.set_draft_mode(enable=False)
            res.json({"ok": "off"})
        case "set":
            res.set_preview_data({"user": "ann"})
            res.json({"ok": "set"})
        case "set-max-age":
            res.set_preview_data({"user": "ann"}, max_age=3600)
            res.json({"ok": "set"})
        case "set-path":
            res.set_preview_data({"user": "ann"}, path="/admin")
            res.json({"ok": "set"})
        case "set-both":
            res.set_preview_data({"user": "ann"}, max_age=10, path="/x")
            res.json({"ok": "set"})
        case "set-empty":
            res.set_preview_data({})
            res.json({"ok": "set"})
        case "set-string":
            res.set_preview_data("token")
            res.json({"ok": "set"})
        case "set-size":
            size = req.query["n"]
            res.set_preview_data("x" * int(size))
            res.json({"ok": "set", "n": size})
        case "clear":
            res.clear_preview_data()
            res.json({"ok": "clear"})
        case "clear-path":
            res.clear_preview_data(path="/admin")
            res.json({"ok": "clear"})
        case "clear-twice":
            res.clear_preview_data()
            res.clear_preview_data()
            res.json({"ok": "clear"})
        case "with-cookie":
            res.set_header("Set-Cookie", "mine=1")
            res.set_preview_data({"a": 1})
            res.json({"ok": "set"})
        case "with-cookies":
            res.set_header("Set-Cookie", ["m1=1", "m2=2"])
            res.set_draft_mode(enable=True)
            res.json({"ok": "set"})
        case "chain":
            res.set_preview_data({"a": 1}).status(202).json({"ok": "chain"})
        case "redirect":
            res.set_draft_mode(enable=True)
            res.redirect("/draft-target")
        case "read":
            res.json({"preview": shown(req.preview), "draftMode": shown(req.draft_mode), "previewData": read_data(req)})
        case "no-read":
            res.json({"ok": True})
        case _:
            unknown_kind(res)


def shown(flag):
    return True if flag else "undefined"


def read_data(req):
    return False if req.preview_data is None else req.preview_data
