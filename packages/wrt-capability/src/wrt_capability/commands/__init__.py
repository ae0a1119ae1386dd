"""The subcommands of `wrt` that this distribution adds."""
