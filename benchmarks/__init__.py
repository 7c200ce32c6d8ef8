"""What the hot path costs, beside a no-op on the same server. Run by `make bench`."""
