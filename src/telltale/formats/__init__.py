"""Bytes to batches and back, shared by sources, importers and exporters."""
