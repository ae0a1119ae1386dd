"""Where records go: a file with a hash chain, a database to ask, Python's logging; others by entry point."""
