"""Single sign-on by OpenID Connect: what differs from allauth's, and what it lacks.

configuration.py     the settings OIDC_…, as allauth's, and what else follows from them
checks.py            settings that cannot work
errors.py            what can go wrong, and what the user is told
discovery.py         what the provider says of itself, and its keys
tokens.py            ID tokens and logout tokens, verified
claims.py            what the provider says of a user
provider.py          allauth's provider, with all that
adapter.py           who may come in, and as whom
account_adapter.py   what changes for accounts where there is a provider
rights.py            groups and staff, which follow a claim
provider_sessions.py which session here is one of the provider's
logout.py            there too, and from there
fresh_login.py       a login at the provider as the proof that it is the user who asks
views.py urls.py     below /accounts/oidc/, where requests may wait for the provider
"""
