"""How many pods a rate of predictions takes, by measured figures: see docs/performance.md."""
