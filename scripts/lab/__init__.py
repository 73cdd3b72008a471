"""The lab: three Debian hosts in containers, the stack deployed into them, and its state told."""
