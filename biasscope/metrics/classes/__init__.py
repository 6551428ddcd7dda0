"""Measures of invariance as torchmetrics classes, one file a stem, as in `biasscope.metrics.functional`."""
