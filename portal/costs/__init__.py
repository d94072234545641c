"""What it costs: rates, what is incurred and committed, and what is left."""
