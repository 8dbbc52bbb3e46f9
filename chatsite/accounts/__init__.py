"""Accounts: django-allauth's, with what this site says of them.

adapter.py         what allauth asks: who may sign up, how an account is stored, what a login does
forms.py views.py  what differs from allauth's own
confirmation.py    a fresh login, before what cannot be undone
mfa/               second factors
invitations/       accounts that staff invite to
first_account.py   how a new site gets its administrator
usernames.py       names that look like somebody else's
rights.py          who has more rights than whom
"""
