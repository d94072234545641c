"""The entry point of the web server and of the flask command."""

import os

# One thread per worker for the linear algebra: workers share the machine, they do not fight for it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import config
from portal import create_app

app = create_app(config.from_environment())
