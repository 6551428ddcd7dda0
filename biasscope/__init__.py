"""Find out whether data taught a network where to look, and whether it copes when the object is elsewhere."""

__version__ = "0.1.0"
