"""Loki's HTTP shapes: what clients send and expect, and nothing of what it means. The only room that knows them."""
