"""How far responses are from their moved reference: around the edges, over what both show, between positions."""
