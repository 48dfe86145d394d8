"""Send e-mail by SMTP."""
