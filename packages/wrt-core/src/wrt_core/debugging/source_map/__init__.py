"""Source maps, version 3: what the custom section `sourceMappingURL` leads to (ECMA-426)."""
