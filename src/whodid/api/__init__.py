"""The server's door: decode, call, encode. app.py lists the routes; nothing here judges or stores."""
