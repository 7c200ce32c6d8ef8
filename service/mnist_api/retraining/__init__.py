"""From corrected answers to better models: samples, jobs, the gate, versions, activation.

The server imports this package only where a token is set, and training only in a job's process.
"""
