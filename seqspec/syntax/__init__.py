"""Text to syntax tree: the only place that knows punctuation and the parser library."""
