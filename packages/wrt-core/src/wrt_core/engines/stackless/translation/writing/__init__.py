"""The tree of statements and control, and how it is written as Python."""
