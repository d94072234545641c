"""SQL queries of each persona's main page, and of the page that asks most, as JSON."""

import json

from tests.support.crawl import PERSONAS, crawl
from wsgi import app


def count() -> dict[str, int]:
    counts: dict[str, int] = {}
    worst = ("", 0)
    for persona in PERSONAS[1:]:
        visits = crawl(app, persona).visits
        main = next(v for v in visits if v.seen_on == "after signing in")
        counts[f"{persona} {main.address}"] = len(main.queries)
        most = max(visits, key=lambda v: len(v.queries))
        worst = max(worst, (f"{persona} {most.address}", len(most.queries)), key=lambda w: w[1])
    return {**counts, f"most, of every page that links lead to ({worst[0]})": worst[1]}


if __name__ == "__main__":
    print(json.dumps(count(), ensure_ascii=False))
