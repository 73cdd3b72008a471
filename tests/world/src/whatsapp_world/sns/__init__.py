"""AWS's SNS, as far as sending SMS needs it: moto's implementation behind our own HTTP server."""
