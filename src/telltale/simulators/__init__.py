"""Physics of the built-in machines, seeded, with faults that can be switched on."""
