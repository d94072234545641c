"""The coaching pilot: programmes, seats, clip cards, coaches' time and conversations."""
