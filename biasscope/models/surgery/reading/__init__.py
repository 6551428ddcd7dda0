"""What a model does, found out before anything is changed: its steps, where it subsamples, what meets what."""
