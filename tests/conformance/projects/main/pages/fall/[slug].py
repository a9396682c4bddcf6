def get_static_paths():
    return {"paths": ["/fall/a"], "fallback": True}


def get_static_props(context):
    slug = context["params"]["slug"]
    if slug.startswith("missing"):
        return {"not_found": True}
    return {"props": {"slug": slug}, "revalidate": 60}
