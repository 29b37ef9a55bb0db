"""A machine's models: kept, loaded, deployed, explained."""
