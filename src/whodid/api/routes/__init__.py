"""The routes, one file for each subject. app.py mounts them."""
