"""What every document that gradcli writes says of it."""

__version__ = "0.1.0"
