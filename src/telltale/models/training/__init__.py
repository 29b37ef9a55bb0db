"""Training: grows what the models are made of. Needs the extra `train`; nothing here is served."""
