"""Waveforms of measuring points: taken, examined, kept, and turned into readings and events."""
