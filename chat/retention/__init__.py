"""How long things stay: how they are erased (`erasure`), when (`expiry`), and what rows leave behind (`vacuum`)."""
