"""Remaining life: learnt from many failures, or fitted where only few exist."""
