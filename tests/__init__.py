"""Proofs of what Varde promises."""

import os

# Workbooks are parsed as in production, which has no lxml. The tests read pages with it.
os.environ["OPENPYXL_LXML"] = "False"
