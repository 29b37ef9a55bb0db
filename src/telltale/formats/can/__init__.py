"""CAN: log readers, databases turned into decoding tables, frames to batches."""
