"""Estimates with bounds: what a channel will be minutes ahead, remaining life, any number."""
