"""The one place that holds the version; packaging, command line and runtime read it here."""

VERSION = "0.1.0"
