"""Small networks that are trained on the embedded digit scenes on first use."""
