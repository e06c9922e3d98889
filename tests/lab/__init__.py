"""Tests of the lab: what stands in for the real world must be right itself."""
