"""Statistics over boxes: position, scale, testing, splits, leakage, repair. Without torch."""
