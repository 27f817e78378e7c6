"""What operators, timers and queues ask for: the use cases above the three stages.

`work` is the queue's way in; `due`, `watchdog` are the timers'; `actions`, `cases`, `deliveries`, `doctor` are
the operator's. The three views (dashboard, API, CLI) only translate.
"""
