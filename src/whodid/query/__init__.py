"""The meaning of LogQL on the store: the engine, the questions about labels, and what can go wrong.

Door: engine.py. One pipeline stage is one file in stages/.
"""
