"""Check a password at the first login after its second factor was removed; replace a weak one."""
