"""Shapes: what a stretch of a signal looks like, against all stretches seen in normal operation."""
