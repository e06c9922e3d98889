"""The integration in a test instance of Home Assistant."""
