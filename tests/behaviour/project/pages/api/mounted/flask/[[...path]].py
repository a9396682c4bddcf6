from flask import Flask, request, url_for

app = Flask(__name__)


@app.get("/")
def read_root():
    return {"app": "flask", "root_path": request.environ["SCRIPT_NAME"]}


@app.get("/items/<int:item_id>")
def item(item_id):
    return {"item": item_id, "q": request.args.get("q", ""), "url": url_for("item", item_id=item_id)}


@app.post("/items")
def create():
    return {"created": request.get_json()}
