"""`manage.py checkstream`: what proxies do to streams, said in words."""
