def get_server_side_props(context):
    req, res = context["req"], context["res"]
    match context["params"]["kind"]:
        case "redirect":
            return {"redirect": {"destination": "/ssg", "permanent": False}}
        case "redirect-perm":
            return {"redirect": {"destination": "/ssg", "permanent": True}}
        case "redirect-301":
            return {"redirect": {"destination": "/ssg", "statusCode": 301}}
        case "not-found":
            return {"notFound": True}
        case "throw":
            raise RuntimeError("this page throws")
        case "headers":
            res.set_header("X-From-Gssp", "yes")
            res.set_header("Cache-Control", "public, s-maxage=10, stale-while-revalidate=59")
            return {"props": {}}
        case "status":
            res.status(418)
            return {"props": {}}
        case "end":
            res.status(202).end("ended in gssp")
            return {"props": {}}
        case "cookie":
            res.set_header("Set-Cookie", ["a=1", "b=2"])
            return {"props": {"cookies": req.cookies}}
        case "preview":
            draft = True if context["draft_mode"] else None
            return {"props": {"preview": draft, "draftMode": draft, "previewData": context["preview_data"]}}
    return {"props": {"params": context["params"], "query": context["query"]}}
