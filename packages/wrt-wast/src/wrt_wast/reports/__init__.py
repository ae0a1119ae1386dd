"""Reports of what came of scripts: for people on a terminal or in a browser, and for programs."""
