"""Go's text/template: text with `{{ actions }}`, for line_format and label_format (query/) and alerts (rules/).

Here is the language: parser.py makes a tree, program.py makes that a program of closures, builtins.py are the functions
every template has. Who uses it brings a table of further functions (function.py) and the data.
"""
