"""What is happening now, and the bounded fan-out to viewers."""
