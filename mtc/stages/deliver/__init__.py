"""Delivering a step's hits to Matomo: each of them once, whatever is killed and whatever the server does."""
