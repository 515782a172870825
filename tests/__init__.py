"""The proofs: behaviour against real torch and against mathematics."""
