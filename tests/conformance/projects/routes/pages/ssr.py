def get_server_side_props(context):
    return {
        "props": {
            "url": context["req"].url,
            "query": context["query"],
            "resolvedUrl": context["resolvedUrl"],
            "xFromMw": context["req"].headers.get("x-from-mw"),
        }
    }
