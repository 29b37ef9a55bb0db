"""Streaming models: they need no training, learn from every sample and never stop learning."""
