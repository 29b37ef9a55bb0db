"""Faults of bearings and gears, told from vibration waveforms by physics.

A waveform is cut into windows (`waveform_model`), its envelope is taken (`envelope`), and lines at
the frequencies that a bearing's geometry gives (`bearings`) are weighed against the background
around them (`lines`). `gears` measures band energies and sidebands.
"""
