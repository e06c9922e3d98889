"""The benchmark: polls, searches, adds, start and load, against what else there is."""
