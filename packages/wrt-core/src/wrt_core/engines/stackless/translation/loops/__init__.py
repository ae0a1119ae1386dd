"""Loops that count: what is asked before they begin, and what they are written as."""
