"""The runtime structure (specification, section 4.2): stores, instances, and what they are made of."""
