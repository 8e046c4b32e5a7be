"""Tools for people who change seqspec; not part of the package."""
