"""OBD-II: a car's engine computers through an ELM327 adapter."""
