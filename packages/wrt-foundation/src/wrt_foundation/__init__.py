"""The nouns of WRT: types, values, instructions, modules, memory, errors, plugins."""
