"""Faults: what can be wrong with a machine, in words, and the models that tell which it is."""
