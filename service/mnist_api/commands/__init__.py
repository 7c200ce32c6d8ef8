"""The commands of `mnist-api`, one a file: each adds its arguments to a parser, and runs."""
