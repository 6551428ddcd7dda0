"""Models: where they come from, how their input is prepared, and surgery on them."""
