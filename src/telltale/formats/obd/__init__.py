"""OBD-II: from the text of an adapter to numbers, codes and identities."""
