"""What each verb of the command line does, as a function with its name and its options; `decant.fit` is one of them.

A function takes the values of the command's options under their names, raises `decant.InputError` where the command
would end with exit code 2, and returns what was made: printed, it is what the command prints.
"""
