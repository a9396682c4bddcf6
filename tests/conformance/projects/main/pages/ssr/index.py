def get_server_side_props(context):
    return {
        "props": {
            "query": context["query"],
            "method": context["req"].method,
            "resolvedUrl": context["resolvedUrl"],
        }
    }
