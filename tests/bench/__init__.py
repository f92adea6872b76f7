"""Speed as ratios in one run: native amd64, xlate-run and qemu-arm; ``python -m tests.bench``."""
