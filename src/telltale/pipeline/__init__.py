"""What readings mean: pure steps on whole columns, no I/O."""
