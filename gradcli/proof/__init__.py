"""Exact evaluation: whether two expressions are one, by arithmetic modulo a prime."""
