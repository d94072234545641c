"""What the steering group sees: totals, and no person behind a number."""
