"""The HTTP layer: one resource a file; parses, calls one method, serialises."""
