"""The models that are served, and the catalogue that loads them."""
