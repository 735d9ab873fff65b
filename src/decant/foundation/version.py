"""The version of decant, once."""

__version__ = "0.1.0"
