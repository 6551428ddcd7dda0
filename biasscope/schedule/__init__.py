"""Reports on a schedule: what is due, one lock a report, runs on disk, retention, history, and who is told."""
