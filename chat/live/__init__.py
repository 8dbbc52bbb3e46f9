"""Replies while they are being written: where they are found (`exchange`), and who follows them (`follower`)."""
