"""What a machine is: one TOML file each, read, checked and applied to readings."""
