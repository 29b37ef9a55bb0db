"""Derived metrics: vectorised, stateful functions named in profiles."""
