"""The novelty detector: it needs no training, learns from every sample and never stops learning."""
