"""Trainings: what they read, how they run, how their models compare, and what labels start."""
