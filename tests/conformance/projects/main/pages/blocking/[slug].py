def get_static_paths():
    return {"paths": [{"params": {"slug": "built"}}], "fallback": "blocking"}


def get_static_props(context):
    slug = context["params"]["slug"]
    props = {"slug": slug}
    match slug.partition("-")[0], slug:
        case "missing", _:
            return {"notFound": True, "revalidate": 60}
        case "gone", _:
            return {"notFound": True}
        case "moved", slug if slug.startswith("moved-perm"):
            return {"redirect": {"destination": "/ssg", "permanent": True}, "revalidate": 60}
        case "moved", slug if slug.startswith("moved-303"):
            return {"redirect": {"destination": "/ssg", "statusCode": 303}}
        case "moved", _:
            return {"redirect": {"destination": "/ssg", "permanent": False}}
        case "external", _:
            return {"redirect": {"destination": "https://example.com/", "permanent": False}}
        case "forever", _:
            return {"props": props}
        case "false", _:
            return {"props": props, "revalidate": False}
        case "one", _:
            return {"props": props, "revalidate": 1}
        case "throws", _:
            raise RuntimeError("this page throws")
        case "draft", _:
            draft = True if context["draft_mode"] else None
            seen = {"preview": draft, "draftMode": draft, "previewData": context["preview_data"]}
            return {"props": {**props, **seen}, "revalidate": 60}
    return {"props": props, "revalidate": 60}
