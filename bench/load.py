"""A load of our own: one process, a few kept-alive connections, a bounded number of requests.

    python -m bench.load PORT PATH REQUESTS CONNECTIONS [COOKIE]

prints {"requests", "seconds", "rps", "p50", "p95", "bytes"} with times in milliseconds. Anything but 200 stops it.
"""

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass


@dataclass
class Connection:
    """One kept-alive connection that has one request under way."""

    channel: socket.socket
    sent_at: float = 0.0
    received: bytes = b""
    wanted: int = 0


def run(port: int, path: str, requests: int, connections: int, cookie: str = "") -> dict[str, float]:
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept-Encoding: gzip", "Accept: text/html"]
    message = "\r\n".join([*lines, *([f"Cookie: {cookie}"] if cookie else []), "", ""]).encode()
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    left, size = requests, 0
    start = time.perf_counter()
    for _ in range(min(connections, requests)):
        _send(_connect(port, selector), message)
        left -= 1
    while len(latencies) < requests:
        for key, _events in selector.select(timeout=30):
            connection: Connection = key.data
            chunk = connection.channel.recv(1 << 18)
            if not chunk and not connection.received:  # the server closes a connection after its time
                selector.unregister(connection.channel)
                connection.channel.close()
                _send(_connect(port, selector), message)
                continue
            if not _complete(connection, chunk):
                continue
            latencies.append(time.perf_counter() - connection.sent_at)
            size = len(connection.received)
            if left > 0:
                left -= 1
                _send(connection, message)
            else:
                selector.unregister(connection.channel)
    seconds = time.perf_counter() - start
    latencies.sort()
    return {
        "requests": requests,
        "seconds": round(seconds, 3),
        "rps": requests / seconds,
        "p50": latencies[len(latencies) // 2] * 1000,
        "p95": latencies[int(len(latencies) * 0.95)] * 1000,
        "bytes": size,
    }


def _connect(port: int, selector: selectors.BaseSelector) -> Connection:
    connection = Connection(socket.create_connection(("127.0.0.1", port), timeout=30))
    connection.channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    selector.register(connection.channel, selectors.EVENT_READ, connection)
    return connection


def _send(connection: Connection, message: bytes) -> None:
    connection.received, connection.wanted = b"", 0
    connection.sent_at = time.perf_counter()
    connection.channel.sendall(message)


def _complete(connection: Connection, chunk: bytes) -> bool:
    """Take in what came; whether the whole answer is here."""
    if not chunk:
        raise SystemExit("the server closed the connection in the middle of an answer")
    connection.received += chunk
    if not connection.wanted:
        head, found, _body = connection.received.partition(b"\r\n\r\n")
        if not found:
            return False
        status, *fields = head.split(b"\r\n")
        if b" 200 " not in status:
            raise SystemExit(f"not a page: {status.decode()}")
        lengths = [f.split(b":")[1] for f in fields if f.lower().startswith(b"content-length:")]
        if not lengths:
            raise SystemExit("an answer without a Content-Length")
        connection.wanted = len(head) + 4 + int(lengths[0])
    return len(connection.received) >= connection.wanted


if __name__ == "__main__":
    port, path, requests, connections, *cookie = sys.argv[1:]
    print(json.dumps(run(int(port), path, int(requests), int(connections), *cookie)))
