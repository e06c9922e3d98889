"""Tests of the engine, against real servers on loopback."""
