"""Packets of the F1 games' UDP telemetry."""
