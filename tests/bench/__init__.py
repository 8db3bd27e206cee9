"""Measurements that a person reads; none of them is a test."""
