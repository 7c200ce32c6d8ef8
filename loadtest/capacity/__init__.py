"""The figures of the capacity model: measured, fitted, and the model held against measurements."""
