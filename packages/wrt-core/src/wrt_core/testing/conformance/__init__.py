"""The tests of the engine conformance kit, by topic; `EngineConformance` in the package above is all of them."""
