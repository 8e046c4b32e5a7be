"""From a checked task to the text of a program, one module per framework."""
