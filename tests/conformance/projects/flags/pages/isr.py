def get_static_props(context):
    return {"props": {}, "revalidate": 60}
