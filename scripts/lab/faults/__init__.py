"""Faults for the running lab, by where they are caused, and in which order they are rehearsed."""
