"""Many stacks, each with an account and a recorded state of its own: one file says which, one command works
on all of them."""
