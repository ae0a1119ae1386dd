"""The subcommands that come with `wrt`, one a file; each is a plugin and is imported when it is typed."""
