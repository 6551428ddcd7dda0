"""Which boxes the statistics may use, and why not the others."""
