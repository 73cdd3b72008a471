"""One module a group of subcommands: what it does on the command line and what it prints."""
