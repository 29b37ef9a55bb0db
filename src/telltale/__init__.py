"""telltale watches machines: readings in, kept safely, worked out, shown live."""

__version__ = "0.1.0"
