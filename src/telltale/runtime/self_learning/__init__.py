"""Machines that are learnt without being asked, from calm stretches."""
