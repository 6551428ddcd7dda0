"""Object-detection datasets of the Hugging Face library."""
