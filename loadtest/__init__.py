"""Load tests: people and programs that ask the service, every answer checked; and the studies."""
