"""What an op is: one record with its kernel and its derivative rules.  Knows no tensor."""
