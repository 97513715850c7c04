"""The stat stage."""
