"""What `docs/generate.py` writes: pages and regions of the documentation, made from models, registries and the app."""
