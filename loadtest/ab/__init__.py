"""The scenario of 2018, by Apache's ab: its design and ours in one run."""
