"""One-line instruction cases, run by every engine; the format is described in ``xlate/verify/lines.py``."""
