"""JSON and XML of any size and depth, from anybody."""
