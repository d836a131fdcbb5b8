"""How Django itself writes values, in the admin above all."""
