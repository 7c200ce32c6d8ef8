"""The parts of docs/performance.md, one module each."""
