"""Invitations: a link that staff make, which is good once and for a week, also where sign-up is closed.

acceptance.py  which invitation a visitor has, whether it is good, and what it gives
views.py       where its link leads
admin.py       how staff make one
"""
