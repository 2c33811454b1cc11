"""People rate answers: blinded sheets out, ratings back in, agreement between people and with judges."""
