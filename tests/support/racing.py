"""Many at once: the same attempt from several threads in each of several processes, on one database."""

import importlib
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import config
from portal import create_app
from portal.errors import DomainError
from portal.extensions import db

ROOT = Path(__file__).parents[2]


def race(url: str, attempt: Callable[[int], object], ids: Sequence[int], processes: int = 2) -> Counter[str]:
    """Call `attempt(id)` for all ids at the same moment, shared out over the processes.

    `attempt` is a module's own function, run in an application context; it commits by itself. Returns how
    often each answer came: "done", or the name of the rule that said no. Any other failure is raised here.
    """
    db.session.commit()  # what the test has made is there for all to see, and its own hold is let go
    command = [sys.executable, "-m", __name__]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started: list[Any] = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(processes)]
    for number, process in enumerate(started):
        task = [url, attempt.__module__, attempt.__name__, list(ids[number::processes])]
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.close()
    seen: Counter[str] = Counter()
    for process in started:
        answer = process.stdout.read()
        assert process.wait() == 0, answer
        seen.update(json.loads(answer.splitlines()[-1]))
    assert not any(name.startswith("!") for name in seen), seen
    return seen


def _run(url: str, module: str, name: str, ids: list[int]) -> list[str]:
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = url
    settings.SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": len(ids) + 1, "max_overflow": 0}
    app = create_app(settings)
    attempt = getattr(importlib.import_module(module), name)
    answers: list[str] = []
    together = threading.Barrier(len(ids) + 1)

    def one(row_id: int) -> None:
        with app.app_context():
            together.wait()
            answers.append(_outcome(attempt, row_id))

    threads = [threading.Thread(target=one, args=(row_id,)) for row_id in ids]
    for thread in threads:
        thread.start()
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    together.wait()
    for thread in threads:
        thread.join()
    return answers


def _outcome(attempt: Callable[[int], Any], row_id: int) -> str:
    try:
        attempt(row_id)
        return "done"
    except DomainError as error:
        db.session.rollback()
        return type(error).__name__
    except Exception as error:  # whatever it is, the test must see it
        return f"!{error!r}"


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(_run(*json.loads(sys.stdin.readline()))) + "\n")
