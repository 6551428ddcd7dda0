"""Schemes of `biasscope.models.load_model`, one file each."""
