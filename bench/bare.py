"""The peer: Flask with nothing but a small template, on the same server with the same settings."""

from flask import Flask, render_template
from jinja2 import DictLoader

PAGE = """<!doctype html><html lang="nb"><head><title>{{ title }}</title></head><body><h1>{{ title }}</h1>
<ul>{% for item in items %}<li><a href="/{{ item }}">Punkt {{ item }}</a></li>{% endfor %}</ul></body></html>"""

app = Flask(__name__)
app.jinja_loader = DictLoader({"page.html": PAGE})


@app.get("/")
def page() -> str:
    return render_template("page.html", title="Bare Flask", items=range(10))
