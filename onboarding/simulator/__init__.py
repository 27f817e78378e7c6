"""A pretend Entra tenant and pretend HR APIs over HTTP, for tests, demos and a developer's machine.

Strict and small: it answers exactly the Graph calls that the service makes, refuses what Graph refuses,
and says 501 to everything else. Never checked against a live tenant: each route names the Microsoft page
(or the public observation) it follows; `FIDELITY.md` is generated from those marks.

    urls/       the routes with their fidelity marks, a file for each part of Graph
    responses/  one function a call: (Tenant, Call) -> Answer
    models/     the state: people, methods, audit records, mail, policy, faults
    errors      Graph's error bodies
    app         aiohttp around it; server: a thread for tests; __main__: the command line
    state       the tenant in a file (`--state`)

It imports nothing of ours but `onboarding.errors`.
"""
