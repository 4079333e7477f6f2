"""Own measurements of whodid, over HTTP on a real server process. Run `python -m benchmarks --help`, or `make bench`.

Not part of the package and not of the tests: nothing in src/ imports it. What is measured, and how to read the tables,
is in docs/reference/benchmarks.md.
"""
