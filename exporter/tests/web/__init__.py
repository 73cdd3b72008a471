"""The web configuration, over real sockets."""
