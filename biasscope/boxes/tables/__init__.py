"""Tables opened as they are, and their columns turned into those of BOXES."""
