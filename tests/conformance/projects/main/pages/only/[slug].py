def get_static_paths():
    return {"paths": [{"params": {"slug": slug}} for slug in ("a", "b")], "fallback": False}


async def get_static_props(context):
    return {"props": {"slug": context.params["slug"]}}
