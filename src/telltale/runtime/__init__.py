"""Joins the parts for each machine: start, retry, back-pressure, stop."""
