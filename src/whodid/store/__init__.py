"""Columns: the tables of lines and streams, and the engine that holds them. Contract: store.py; tables: schema.sql."""
