"""How the models that come with telltale were made. Not installed.

`python -m training.NAME` makes one of them again: same seeds, same model.
"""
