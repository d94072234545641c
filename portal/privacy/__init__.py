"""What we have about people: the register, the export, the erasure, the terms, and who has seen it."""
