def get_server_side_props(context):
    return {"props": {"params": context["params"], "query": context["query"]}}
