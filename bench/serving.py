"""The web server under test: gunicorn as `make run` starts it, with a demonstration of its own."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
WORKERS, THREADS = 2, 4
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def environment(folder: Path) -> dict[str, str]:
    """Settings for a demonstration in `folder`."""
    return {
        **os.environ,
        "VARDE_ENV": "demo",
        "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite'}",
        "PORT": "0",
    }


def build_demo(folder: Path) -> None:
    for command in (["db", "upgrade"], ["demo"]):
        flask = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
        subprocess.run(flask, cwd=ROOT, env=environment(folder), check=True, capture_output=True)
    compress = [sys.executable, "-m", "whitenoise.compress", "-q", "portal/static"]
    subprocess.run(compress, cwd=ROOT, check=True)


@contextmanager
def gunicorn(target: str, folder: Path) -> Iterator[tuple[int, int]]:
    """A running server: its port and its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads", str(THREADS)]
    options += ["--no-control-socket", "--keep-alive", "30", "--log-level", "warning"]
    command = [sys.executable, "-m", "gunicorn", *options, target]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(folder))
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit("the web server stopped while starting")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the web server did not start within 30 seconds")


def sign_in(port: int, persona: str) -> tuple[str, str]:
    """Become a persona. Returns the cookie and the path of the persona's main page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/")
    first = connection.getresponse()
    token = TOKEN.search(first.read().decode())
    form = urlencode({"persona": persona, "csrf_token": token[1] if token else ""})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": _cookie(first.getheader("Set-Cookie")),
    }
    connection.request("POST", "/demo/sign-in", form, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 303:
        raise SystemExit(f"could not sign in as {persona}: {answer.status}")
    cookie, path = _cookie(answer.getheader("Set-Cookie")), answer.getheader("Location") or "/"
    # The first look may move the session on (a hat is chosen); the load then only reads.
    connection.request("GET", path, headers={"Cookie": cookie})
    page = connection.getresponse()
    page.read()
    return _cookie(page.getheader("Set-Cookie")) or cookie, path


def _cookie(header: str | None) -> str:
    return (header or "").split(";")[0]


def resident_megabytes(parent: int) -> float:
    """The memory of the largest worker process, in MB."""
    workers = [p for p in Path("/proc").glob("[0-9]*/status") if f"\nPPid:\t{parent}\n" in _status(p)]
    sizes = [re.search(r"VmRSS:\s+(\d+) kB", _status(p)) for p in workers]
    return max((int(size[1]) / 1024 for size in sizes if size), default=0.0)


def _status(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
