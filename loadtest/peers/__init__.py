"""The same digits and models served by others, beside ours in one run."""
