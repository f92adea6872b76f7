"""Tests of packaging: wheel, installation, build of the native runtime."""
