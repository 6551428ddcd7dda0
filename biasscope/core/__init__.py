"""The ground everything stands on: results, errors, provenance, randomness, files, progress."""
