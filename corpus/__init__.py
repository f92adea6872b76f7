"""Guest programs as data: ``manifest.toml`` lists them, ``build.py`` builds them."""
