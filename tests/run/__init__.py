"""Whole guest programs under ``xlate-run``, end to end: the corpus and Debian's busybox."""
