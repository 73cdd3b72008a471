"""The service as whole processes on 127.0.0.1: started, loaded, measured and killed."""
