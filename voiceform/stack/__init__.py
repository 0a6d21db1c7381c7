"""The front door: one configuration, one account and one recorded state, as an object.

`stack.py` has the class that the command line and every other program call; the other modules are its rooms.
Nothing here prints, asks, or ends the process.
"""
