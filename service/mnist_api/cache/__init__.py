"""Answers remembered, keyed by what they depend on."""
