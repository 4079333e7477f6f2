"""The two headers that whodid adds to Loki's push, so that a repeated body is stored once.

Written by the agent, read by the server's push routes; Loki and other clients know nothing of them.
"""

KEY_HEADER = "X-Whodid-Idempotency-Key"
"""A text of the client's choice, another for each body."""
ATTEMPT_HEADER = "X-Whodid-Attempt"
"""Above 1: an earlier attempt may have arrived, so the server looks into its table before it stores."""
