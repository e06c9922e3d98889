"""Modules for the latest environment in place of two that would need a C++ compiler."""
