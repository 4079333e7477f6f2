"""`python -m whodid` is the command `whodid`."""

from whodid.cli.main import main

if __name__ == "__main__":
    main()
