"""One file = one idempotent step: a docstring that states the outcome, one constant `STEP`, one function `run`.

The contract is in `onboarding/provisioning/step.py`; `tests/contract/test_step_contract.py` holds every file to
it. `STEP.after` decides the place in the plan.
"""
