"""Pages travel packed. Only those that are asked for without a query or a form: what a stranger can put into a page must not be packed with its secrets."""

import gzip

from flask import Flask, Response, request

WORTH_IT = 2_000
LEVEL = 4


def register(app: Flask) -> None:
    @app.after_request
    def pack(response: Response) -> Response:
        packable = (
            response.status_code == 200 and response.mimetype == "text/html" and not response.is_streamed
        )
        if (
            not packable
            or request.query_string
            or request.method != "GET"
            or not request.accept_encodings.quality("gzip")
        ):
            return response
        body = response.get_data()
        if len(body) >= WORTH_IT:
            response.set_data(gzip.compress(body, LEVEL, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
            response.vary.add("Accept-Encoding")
        return response
