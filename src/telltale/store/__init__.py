"""Where readings, events and machines are kept."""
