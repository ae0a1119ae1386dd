"""What is done in place of a call: what the function would do, and what it would pay."""
