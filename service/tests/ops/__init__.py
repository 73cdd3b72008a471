"""Tests of the operations commands."""
