"""Files and archives: what lies under a path, what names say, and what was not read."""
