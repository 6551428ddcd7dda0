"""Model x images x transformation -> predictions: one engine."""
