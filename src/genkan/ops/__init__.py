"""What commands do to a whole site, and the texts they print about it. No command line and no HTTP here."""
