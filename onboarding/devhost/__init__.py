"""A local host for function_app.py: what Azure does around it, on one machine, without the Azure tools.

    python -m onboarding.devhost [--app function_app.py] [--port 7071] [--strict] [--keys] [--easy-auth]

What it is not: no Easy Auth (its headers can be imitated), no scale-out, no extension bundle, no output
bindings, no function timeout, no retry policies, and it only knows HTTP, queue and timer triggers. It gives
every caller the role operator, visibly pretends, listens on the loopback interface only, refuses to run in
Azure, and is not deployed.
"""
