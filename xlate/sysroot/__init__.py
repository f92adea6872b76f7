"""Folders that a guest may take for its root: fetched from Debian, or unpacked from an image."""
