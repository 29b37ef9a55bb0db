"""What can be wrong with a machine, in words: symptoms, causes, what to do. Data, with a loader."""
