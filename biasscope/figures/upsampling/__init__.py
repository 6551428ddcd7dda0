"""Figures of the question of upsampling."""
