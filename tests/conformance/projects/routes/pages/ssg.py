def get_static_props(context):
    return {"props": {"n": 1}}
