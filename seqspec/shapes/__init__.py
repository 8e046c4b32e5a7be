"""Dimension arithmetic and shape patterns."""
