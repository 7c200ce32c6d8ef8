"""The flow from bytes to a digit."""
