"""One file an image source; each has ``detect(request)`` and ``open_source(request)``."""
