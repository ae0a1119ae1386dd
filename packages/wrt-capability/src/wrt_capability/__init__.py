"""The capability layer of WRT: an engine around any other that checks, meters and records."""
