"""seqspec: describe, check and compile sequence models.

The public door is :class:`seqspec.driver.Compilation`; the command line is :mod:`seqspec.cli`.
"""

__version__ = "0.1.0"
