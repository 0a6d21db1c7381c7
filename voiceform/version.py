"""The version of the program; every floor may say it."""

__version__ = "0.1.0"
