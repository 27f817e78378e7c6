"""Stage 2: from a complete hire to an account, a manager, a first credential and a welcome.

`runner.advance` is the only entry. Steps live one to a file in `steps/`; `plan.steps()` finds and orders them.
"""
