"""Estimates with bounds: what a channel will be minutes ahead, or any other number."""
