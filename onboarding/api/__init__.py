"""The JSON API: translates requests into use cases of `operate` and their answers into JSON.

Every function is `async (services, request, principal) -> Response`; `answer` turns the exception tree into
problem+json once, for all of them.
"""
