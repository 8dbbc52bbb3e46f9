"""Second factors: allauth's TOTP, passkeys and recovery codes (https://docs.allauth.org/en/latest/mfa/), in our look.

adapter.py              how their secrets are stored, and how the QR code is drawn
rotation.py             how they follow SECRET_KEY
forms.py views.py       what differs from allauth's own
requirement.py          who needs one (CHAT_MFA), and whether a session has proved one
middleware.py           leads whoever lacks one to the page that makes one
"""
