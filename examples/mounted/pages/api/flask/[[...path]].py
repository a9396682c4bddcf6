from flask import Flask, request, url_for

app = Flask(__name__)


@app.get("/")
def read_root() -> dict[str, str]:
    return {"from": "Flask"}


@app.post("/echo/<name>")
def echo(name: str) -> dict[str, object]:
    return {"name": name, "body": request.get_json(), "url": url_for("echo", name=name)}
