"""Text of a spec stays text: it becomes neither code nor a path outside the output."""
