"""The subcommands of `wrt` that this distribution adds, one a file; they need click, which `wrt` brings."""
