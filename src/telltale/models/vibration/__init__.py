"""Faults of bearings and gears, told from vibration waveforms by physics.

`examination` is the way in for a whole recording of a bearing: it cuts windows, which `diagnosis`
answers one by one. The envelope of a window is taken (`envelope`), and lines at the frequencies
that a bearing's geometry gives (`bearings`) are weighed against the background around them
(`lines`). `gears` measures band energies and the mesh with its sidebands, `gear_model` compares
them with a healthy gear, `statistics` gives sizes and shape. `bearing_model` and `waveform_model`
are the same for acceleration that comes sample by sample, as readings.
"""
