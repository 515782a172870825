"""The op table beside torch's: samples, checks, the names that are due, the differences that are excused."""
