"""Whole commands on real data, each in a process of its own."""
