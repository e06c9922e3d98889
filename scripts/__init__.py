"""The project's own tools: set-up, tests, lint, demo and the lab they share."""
