"""Modbus TCP and RTU as a feed."""
