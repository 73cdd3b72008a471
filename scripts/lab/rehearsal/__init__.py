"""Faults on the running lab, and whether each page arrived as the alert catalogue promises."""
