"""Stage 3: track who registered in person, nudge who has not, tell somebody above, and stop when it is done.

`track` reads the audit log and the report into cases, `advance` takes one case as far as it goes now, `nudge`
and `escalate` choose recipients, `messages` composes, `deliver` sends at most once a rung.
"""
