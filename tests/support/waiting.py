"""One request that waits for what another transaction holds, so that which of the two is first is known."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from portal.extensions import db


@contextmanager
def waiting(request: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Send the request from a thread of its own. What the test has done, but not committed, is committed at the end of
    the block, when the request has come as far as it comes: its answer is there afterwards."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(request)
        time.sleep(1)
        yield answer
        db.session.commit()
