"""The state of the pretend tenant."""
