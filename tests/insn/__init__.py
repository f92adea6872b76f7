"""One-line instruction cases, run by every engine; ``xlate/verify/lines.py`` has the format."""
