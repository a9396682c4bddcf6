def get_static_paths():
    return {"paths": [{"params": {"slug": "built"}}], "fallback": "blocking"}


def get_static_props(context):
    slug = context["params"]["slug"]
    props = {"slug": slug}
    draft = True if context["draft_mode"] else None
    seen = {"preview": draft, "draftMode": draft, "previewData": context["preview_data"]}
    results = {
        "missing": {"notFound": True, "revalidate": 60},
        "gone": {"notFound": True},
        "moved-perm": {"redirect": {"destination": "/ssg", "permanent": True}, "revalidate": 60},
        "moved-303": {"redirect": {"destination": "/ssg", "statusCode": 303}},
        "moved": {"redirect": {"destination": "/ssg", "permanent": False}},
        "external": {"redirect": {"destination": "https://example.com/", "permanent": False}},
        "forever": {"props": props},
        "false": {"props": props, "revalidate": False},
        "one": {"props": props, "revalidate": 1},
        "draft": {"props": {**props, **seen}, "revalidate": 60},
    }
    if slug.startswith("throws"):
        raise RuntimeError("this page throws")
    return next((result for prefix, result in results.items() if slug.startswith(prefix)), {"props": props, "revalidate": 60})
