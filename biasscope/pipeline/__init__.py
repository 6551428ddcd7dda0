"""An analysis definition -> a Report: the only place that joins data, model and report; one folder a question."""
