"""`demo`: forty hires from many countries, ninety seconds, no tenant.

`people` says who is hired and how each of them behaves; `world` talks to simulator and service over HTTP, as an
HR system and as the people themselves; `story` moves the clock; `run` starts it all and prints what happened.
"""
