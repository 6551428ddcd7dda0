"""Measures of invariance: functions on tables of predictions, and torchmetrics classes."""
