"""How long machines and their channels last, by what is kept of them."""
