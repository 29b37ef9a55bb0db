"""OPC UA servers as a feed."""
