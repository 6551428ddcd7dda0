"""Report -> report.json -> report.html, one way only."""
