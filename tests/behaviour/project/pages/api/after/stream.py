import notebook


def numbers(key):
    for number in range(1000):
        yield f"{number}\n"
    notebook.note(key, "streamed")


async def handler(req, res):
    res.after(notebook.note, req.query["key"], "after")
    res.send(numbers(req.query["key"]))
