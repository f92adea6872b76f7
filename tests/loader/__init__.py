"""Tests of xlate.loader: what a file says becomes an Image, and hostile files one clear line."""
