"""Benchmarks on a local stack."""
