"""Do the generated tests notice a wrong rule? Each rule is changed a little, and some test must fail."""
