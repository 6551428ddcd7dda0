"""Two reports side by side: whether they can be compared, and what changed beyond its interval."""
