"""Feeds: where readings come in, one file each."""
