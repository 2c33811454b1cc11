"""The languages that taco knows: codes, names, scripts, digits, relatives; and which of them a text is in."""
