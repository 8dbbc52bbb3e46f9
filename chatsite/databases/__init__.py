"""What operators do with the site's database as a whole: back it up, restore it, move it to PostgreSQL.

`backups.py` has the steps, which are the same for both databases; `sqlite.py` and `postgresql.py` what differs;
`whole_file.py` how a file appears whole or not at all; `moving.py` the move. Whatever cannot be is `Refused`, in a
sentence for whoever runs the site, and has changed nothing.
"""
