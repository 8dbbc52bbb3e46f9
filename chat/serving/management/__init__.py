"""Commands of those who serve by daphne."""
