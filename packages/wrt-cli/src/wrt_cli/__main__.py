"""`python -m wrt_cli`: the same as `wrt`."""

from __future__ import annotations

from wrt_cli.main import main

if __name__ == "__main__":
    main()
