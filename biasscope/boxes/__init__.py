"""Boxes of any annotation format as one lazy frame in one convention (pixel edges), and their integrity."""
