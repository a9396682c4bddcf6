def get_static_paths():
    return {"paths": [{"params": {"slug": ["a", "b"]}}, {"params": {"slug": ["x"]}}], "fallback": False}


def get_static_props(context):
    return {"props": {"slug": context["params"]["slug"]}}
