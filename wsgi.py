"""The entry point of the web server and of the flask command."""

import os

# One thread per worker for the linear algebra: workers share the machine, they do not fight for it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import config
from portal import create_app

# Whatever the portal writes (an SQLite database, mails in a folder, the keyring) is for its own user alone.
os.umask(0o077)
app = create_app(config.from_environment())
