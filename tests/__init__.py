"""Tests of AuralArchive."""
