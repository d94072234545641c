"""The demonstration: an invented world, and one click to be any of its people. Registered only where VARDE_ENV=demo."""
