"""Detectors of what is not normal, learnt from a machine's own healthy minutes to hours.

Plain NumPy: nothing else is needed to learn or to serve them. `models.trainers` lists them.
"""
