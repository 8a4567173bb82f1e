"""The judge of a replay. Imports nothing of the product: what it expects, it works out by itself."""
