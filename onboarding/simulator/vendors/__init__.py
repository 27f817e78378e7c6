"""Pretend HR APIs under `/vendors/{source}`, in the vendors' own request and response shapes.

A person is put with `PUT /_control/vendors/{source}/people/{id}`. The body is either anything (served as it is by
`GET /vendors/{source}/people/{id}`), or the person in our words, which the vendor's file dresses in that vendor's
shape: the names of a hire's fields (`given_name`, `start_date`, `manager` …), `phones` as `{"mobile": "…"}`, `status`,
and `hidden`: names of fields that the pretend permissions keep from whoever reads. `raw` is served in place of the
dressed record. Which vendor answers is decided by the source's name, or by `vendor` in the body.

Authentication is checked for its form, not its value. HiBob shows what was true 20 seconds ago. With `enforce_quota`
there are 10 requests in 10 seconds for each source, then 429 with a decimal Retry-After. Faults work as on Graph.
What is not modelled is 501. Nothing here was compared with a live tenant.
"""
