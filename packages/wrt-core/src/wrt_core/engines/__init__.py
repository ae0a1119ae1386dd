"""The engines of wrt-core, each behind an entry point of the group `wrt.engines`."""
