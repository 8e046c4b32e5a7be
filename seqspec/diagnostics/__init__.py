"""What seqspec tells its users: one catalogue of codes, one way to show them."""
